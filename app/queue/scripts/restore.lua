-- A task is done with a result that exists already: Redis has lost it, or it is that of an earlier task.
-- KEYS  1 queue, 2 high, 3 delayed, 4 task, 5 result, 6 windows, 7 index, 8 index of its owner, 9 dead
-- ARGV  1 payload, 2 result, 3 ttl, 4 task id
-- Returns RESTORED | KNOWN (it is done, cancelled, has a result, or is to be deleted)
local v = redis.call('HMGET', KEYS[4], 'status', 'payload', 'deleted')
local failed = v[1] == 'error' -- it had no attempt left when Redis lost the result of the last one
if v[3] or not failed and (is_final(v[1]) or redis.call('EXISTS', KEYS[5]) == 1) then return 'KNOWN' end
local now, payload = now_ms(), v[2] or ARGV[1]
store(KEYS[5], ARGV[2], ARGV[3]) -- the first write: where memory is short, all or nothing
redis.call('HSET', KEYS[4], 'status', 'done', 'payload', payload, 'finished_at', now)
redis.call('HSETNX', KEYS[4], 'attempts', 0)
if redis.call('HSETNX', KEYS[4], 'created_at', now) == 1 then
  redis.call('ZADD', KEYS[7], now, ARGV[4])
  redis.call('ZADD', KEYS[8], now, ARGV[4])
end
-- A worker that runs it is fenced, and drops the element in its list.
redis.call('HDEL', KEYS[4], 'token', 'worker', 'cancel', 'error', 'next_attempt_at')
expire(KEYS[4], ARGV[3])
redis.call('LREM', KEYS[1], 1, payload)
redis.call('LREM', KEYS[2], 1, payload)
redis.call('ZREM', KEYS[3], payload)
if failed then redis.call('LREM', KEYS[9], 0, payload) end
redis.call('DEL', KEYS[6])
return 'RESTORED'
