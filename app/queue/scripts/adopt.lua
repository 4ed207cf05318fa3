-- A waiting task whose result a foreign worker wrote is done.
-- KEYS  1 task, 2 result, 3 windows
-- ARGV  1 ttl
-- Returns ADOPTED | KEPT
local status = redis.call('HGET', KEYS[1], 'status')
if (status ~= 'queued' and status ~= 'retrying') or redis.call('EXISTS', KEYS[2]) == 0 then return 'KEPT' end
if redis.call('TTL', KEYS[2]) == -1 then expire(KEYS[2], ARGV[1]) end
redis.call('HSET', KEYS[1], 'status', 'done', 'finished_at', now_ms())
expire(KEYS[1], ARGV[1])
redis.call('DEL', KEYS[3])
return 'ADOPTED'
