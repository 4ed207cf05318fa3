-- A worker renews (or, register=1, begins) its lease and hears about the tasks it runs.
-- KEYS  1 workers, 2… task hashes
-- ARGV  1 worker, 2 lease in ms, 3 register (0/1), 4… tokens, in the order of the task hashes
-- Returns {OK, then RUN | LOST | CANCEL per task} | {EVICTED}
-- ZREM comes first because it is never refused for lack of memory, and what follows a script's first write is not
-- refused either: a full Redis must not cost every worker its lease.
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 and ARGV[3] ~= '1' then return {'EVICTED'} end
redis.call('ZADD', KEYS[1], now_ms() + ARGV[2], ARGV[1])
local answer = {'OK'}
for i = 2, #KEYS do
  local v = redis.call('HMGET', KEYS[i], 'token', 'cancel')
  answer[i] = (v[1] ~= ARGV[i + 2] and 'LOST') or (v[2] == '1' and 'CANCEL') or 'RUN'
end
return answer
