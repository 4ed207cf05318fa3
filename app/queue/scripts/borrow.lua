-- An idle worker borrows windows: those that nobody has, the first of the recording first.
-- KEYS  1 task, 2 offers, 3 loans, 4 workers, 5 queue, 6 high
-- ARGV  1 worker, 2 its plan, 3 most windows, 4 ms that the loan lasts unless it is renewed, 5 how often a window is lent
--       at most, 6 name of this call
-- Returns {GONE (no owner offers anything) | OTHER (its plan is another) | TASKS (tasks wait, and come first) |
--         UNKNOWN (the worker has no lease)} | {OK, plan of the windows' hash, then descriptions of windows}
local now = now_ms()
local v = redis.call('HMGET', KEYS[2], 'token', 'plan', 'saved_plan', 'call:' .. ARGV[1])
local task = redis.call('HMGET', KEYS[1], 'token', 'cancel')
if not v[1] or v[1] ~= task[1] or task[2] then return {'GONE'} end
if v[2] ~= ARGV[2] then return {'OTHER'} end
local lease = redis.call('ZSCORE', KEYS[4], ARGV[1])
if not lease or tonumber(lease) <= now then return {'UNKNOWN'} end
if redis.call('LLEN', KEYS[5]) + redis.call('LLEN', KEYS[6]) > 0 then return {'TASKS'} end
local answer = {'OK', v[3]}
local before = v[4] and string.match(v[4], '^' .. ARGV[6] .. ' (.*)$')
if before then -- this very call was applied; that reply was lost
  for number in string.gmatch(before, '%d+') do
    local window = redis.call('HGET', KEYS[2], 'window:' .. number)
    if window then answer[#answer + 1] = window end
  end
  return answer
end
redis.call('HSET', KEYS[2], 'asked', 1)
local most = math.min(tonumber(ARGV[3]), portion(KEYS[3], KEYS[4], now))
local numbers = {}
for _, loan in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, most)) do
  local number = tonumber(loan)
  if tonumber(redis.call('HGET', KEYS[2], 'tries:' .. number) or 0) >= tonumber(ARGV[5]) then
    redis.call('ZREM', KEYS[3], loan) -- it may kill whoever decodes it: it is left to its owner
  else
    redis.call('HINCRBY', KEYS[2], 'tries:' .. number, 1)
    redis.call('HSET', KEYS[2], 'borrower:' .. number, ARGV[1])
    redis.call('ZADD', KEYS[3], now + ARGV[4], loan)
    numbers[#numbers + 1] = number
    answer[#answer + 1] = redis.call('HGET', KEYS[2], 'window:' .. number)
  end
end
redis.call('HSET', KEYS[2], 'call:' .. ARGV[1], ARGV[6] .. ' ' .. table.concat(numbers, ' '))
return answer
