-- An equal request takes a task over, whatever its state, unless the task is gone.
-- KEYS  1 awaited, 2 shared, 3 task, 4 result
-- ARGV  1 task id, 2 ms
-- Returns 1, or 0 where it cannot be joined
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
local v = redis.call('HMGET', KEYS[3], 'status', 'deleted')
if v[2] or (not v[1] and redis.call('EXISTS', KEYS[4]) == 0) then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then redis.call('ZADD', KEYS[1], now_ms() + ARGV[2], ARGV[1]) end
return 1
