-- A task enters the queue, once per task id.
-- KEYS  1 queue, 2 high, 3 task, 4 index, 5 index of its owner
-- ARGV  1 payload, 2 most waiting tasks (0 = no limit), 3 high (0/1), 4 max_attempts, 5 task id
-- Returns ENQUEUED | KNOWN | FULL
if redis.call('EXISTS', KEYS[3]) == 1 then return 'KNOWN' end
local cap = tonumber(ARGV[2])
if cap > 0 and redis.call('LLEN', KEYS[1]) + redis.call('LLEN', KEYS[2]) >= cap then return 'FULL' end
local now = now_ms()
redis.call('HSET', KEYS[3], 'status', 'queued', 'payload', ARGV[1], 'attempts', 0,
  'max_attempts', ARGV[4], 'created_at', now)
redis.call('ZADD', KEYS[4], now, ARGV[5])
redis.call('ZADD', KEYS[5], now, ARGV[5])
redis.call('LPUSH', ARGV[3] == '1' and KEYS[2] or KEYS[1], ARGV[1])
return 'ENQUEUED'
