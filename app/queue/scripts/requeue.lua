-- One element of a dead worker's processing list goes back (own=1: of the caller's list, which it does not run).
-- KEYS  1 workers, 2 processing, 3 queue, 4 task, 5 delayed, 6 dead, 7 result, 8 windows
-- ARGV  1 worker, 2 payload, 3 own (0/1), 4 token that the caller saw in the hash ('' = none; own=1 only),
--       5 backoff in ms, 6 longest backoff in ms, 7 jitter (0 to 1), 8 max_attempts of a task that has none,
--       9 dead letters kept, 10 ttl, 11 failure of exhausted attempts, 12 failure of a cancelled task
-- Returns ALIVE | CLAIMED | GONE | DROPPED | CANCELLED | DEAD | DELAYED | REQUEUED
local now, own = now_ms(), ARGV[3] == '1'
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not own and lease and tonumber(lease) > now then return 'ALIVE' end
local v = redis.call('HMGET', KEYS[4], 'status', 'worker', 'attempts', 'max_attempts', 'cancel', 'token')
if own and (v[6] or '') ~= ARGV[4] then return 'CLAIMED' end -- claimed since the caller looked
if redis.call('LREM', KEYS[2], 1, ARGV[2]) == 0 then return 'GONE' end
if is_final(v[1]) then return 'DROPPED' end
if v[2] and v[2] ~= ARGV[1] then return 'DROPPED' end -- a live claim exists elsewhere
if v[2] and not own then redis.call('HINCRBY', KEYS[4], 'crashes', 1) end
redis.call('HDEL', KEYS[4], 'token', 'worker')
local attempts, max = tonumber(v[3] or 0), tonumber(v[4] or ARGV[8])
if v[5] == '1' then
  finish(KEYS[4], KEYS[7], KEYS[8], 'cancelled', ARGV[12], now, ARGV[10])
  return 'CANCELLED'
end
if attempts >= max then
  bury(KEYS[6], ARGV[2], ARGV[9])
  finish(KEYS[4], KEYS[7], KEYS[8], 'error', ARGV[11], now, ARGV[10])
  return 'DEAD'
end
redis.call('HSET', KEYS[4], 'payload', ARGV[2], 'attempts', attempts, 'max_attempts', max)
redis.call('HSETNX', KEYS[4], 'created_at', now)
if attempts >= 2 then -- perhaps it kills its workers: slow it down
  local due = now + math.floor(math.min(ARGV[6], ARGV[5] * 2 ^ (attempts - 1)) * ARGV[7])
  redis.call('ZADD', KEYS[5], due, ARGV[2])
  redis.call('HSET', KEYS[4], 'status', 'retrying', 'next_attempt_at', due)
  return 'DELAYED'
end
redis.call('RPUSH', KEYS[3], ARGV[2])
redis.call('HSET', KEYS[4], 'status', 'queued')
return 'REQUEUED'
