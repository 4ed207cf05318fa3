-- A dead letter, or a task that is in no list, is queued anew with all its attempts.
-- KEYS  1 queue, 2 high, 3 delayed, 4 task, 5 dead, 6 result, 7 windows
-- ARGV  1 payload, 2 max_attempts
-- Returns REVIVED | RUNNING | DONE | WAITING
local v = redis.call('HMGET', KEYS[4], 'status', 'token')
if v[2] then return 'RUNNING' end
if v[1] == 'done' then return 'DONE' end
if redis.call('LPOS', KEYS[1], ARGV[1]) or redis.call('LPOS', KEYS[2], ARGV[1])
    or redis.call('ZSCORE', KEYS[3], ARGV[1]) then return 'WAITING' end
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LREM', KEYS[5], 1, ARGV[1])
redis.call('DEL', KEYS[6])
redis.call('DEL', KEYS[7])
redis.call('HDEL', KEYS[4], 'error', 'finished_at', 'cancel', 'next_attempt_at', 'crashes',
  'webhook_state', 'webhook_attempts', 'webhook_status')
redis.call('HINCRBY', KEYS[4], 'webhook_round', 1) -- its next end is another message
redis.call('HSET', KEYS[4], 'status', 'queued', 'payload', ARGV[1], 'attempts', 0, 'max_attempts', ARGV[2])
redis.call('HSETNX', KEYS[4], 'created_at', now_ms())
redis.call('PERSIST', KEYS[4])
return 'REVIVED'
