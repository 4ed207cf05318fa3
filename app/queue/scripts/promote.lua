-- A delayed task whose time has come goes to the front of the queue.
-- KEYS  1 delayed, 2 queue, 3 task
-- ARGV  1 payload
-- Returns PROMOTED | DROPPED (a duplicate ran or runs) | NOT_DUE
local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not due or tonumber(due) > now_ms() then return 'NOT_DUE' end
redis.call('ZREM', KEYS[1], ARGV[1]) -- the first write: never refused for lack of memory
local status = redis.call('HGET', KEYS[3], 'status')
if status == 'processing' or is_final(status) then return 'DROPPED' end
redis.call('RPUSH', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[3], 'status', 'queued', 'payload', ARGV[1])
redis.call('HDEL', KEYS[3], 'next_attempt_at')
return 'PROMOTED'
