-- What became of some tasks that are noted outside Redis.
-- KEYS  task and result of each
-- Returns {UNKNOWN | WAITING | RUNNING | ANSWERED (a foreign worker wrote the result) | ENDED, ms since the end, failure}
--         of each
local now = now_ms()
local answer = {}
for first = 1, #KEYS, 2 do
  local v = redis.call('HMGET', KEYS[first], 'status', 'finished_at', 'error')
  local answered = redis.call('EXISTS', KEYS[first + 1]) == 1
  local state = v[1] == 'processing' and 'RUNNING' or 'WAITING'
  if is_final(v[1]) or (answered and not v[1]) then
    state = 'ENDED'
  elseif answered then
    state = 'ANSWERED'
  elseif not v[1] then
    state = 'UNKNOWN'
  end
  answer[#answer + 1] = {state, now - tonumber(v[2] or 0), v[3] or ''}
end
return answer
