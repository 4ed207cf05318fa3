-- A worker makes an element of its processing list its own, under a fresh token.
-- KEYS  1 processing, 2 task, 3 workers, 4 dead, 5 result, 6 windows, 7 index
-- ARGV  1 payload, 2 worker, 3 token, 4 max_attempts of a task that has none, 5 dead letters kept, 6 ttl,
--       7 failure of exhausted attempts, 8 failure of a cancelled task, 9 task id
-- Returns {OK, attempt, max_attempts, crashes, ms waited before the first attempt} | {LEASE_EXPIRED | STALE | DUPLICATE | CANCELLED | DEAD}
local v = redis.call('HMGET', KEYS[2], 'status', 'token', 'attempts', 'max_attempts', 'cancel', 'crashes', 'worker',
  'created_at')
local crashes = tonumber(v[6] or 0)
if v[2] == ARGV[3] then -- our own claim, whose reply was lost
  return {'OK', tonumber(v[3]), tonumber(v[4]), crashes, 0}
end
local now = now_ms()
local lease = redis.call('ZSCORE', KEYS[3], ARGV[2])
if not lease or tonumber(lease) <= now then return {'LEASE_EXPIRED'} end
if not redis.call('LPOS', KEYS[1], ARGV[1]) then return {'STALE'} end -- reaped between BLMOVE and claim
if is_final(v[1]) or v[2] then -- it ended, or a live claim exists
  -- The one element of a live claim of this very worker stays with that: it was taken back, and taken anew.
  local elements = #redis.call('LPOS', KEYS[1], ARGV[1], 'COUNT', 2)
  if elements > 1 or v[7] ~= ARGV[2] or not v[2] then redis.call('LREM', KEYS[1], 1, ARGV[1]) end
  return {'DUPLICATE'}
end
if redis.call('EXISTS', KEYS[5]) == 1 then -- a result that exists wins over another run
  redis.call('LREM', KEYS[1], 1, ARGV[1])
  answered(KEYS[2], KEYS[5], KEYS[6], now, ARGV[6])
  return {'DUPLICATE'}
end
if v[5] == '1' then
  redis.call('LREM', KEYS[1], 1, ARGV[1])
  finish(KEYS[2], KEYS[5], KEYS[6], 'cancelled', ARGV[8], now, ARGV[6])
  return {'CANCELLED'}
end
local max = tonumber(v[4] or ARGV[4])
local attempt = tonumber(v[3] or 0) + 1
if attempt > max then
  redis.call('LREM', KEYS[1], 1, ARGV[1])
  bury(KEYS[4], ARGV[1], ARGV[5])
  finish(KEYS[2], KEYS[5], KEYS[6], 'error', ARGV[7], now, ARGV[6])
  return {'DEAD'}
end
redis.call('HSET', KEYS[2], 'status', 'processing', 'token', ARGV[3], 'worker', ARGV[2],
  'attempts', attempt, 'max_attempts', max, 'started_at', now, 'payload', ARGV[1])
if redis.call('HSETNX', KEYS[2], 'created_at', now) == 1 then -- pushed by a program that knows only the list
  redis.call('ZADD', KEYS[7], now, ARGV[9])
end
local processed = redis.call('HGET', KEYS[6], 'processed')
if processed then redis.call('HSET', KEYS[6], 'before', processed) end -- what this attempt does not have to do
local waited = attempt == 1 and v[8] and math.max(0, now - tonumber(v[8])) or 0
return {'OK', attempt, max, crashes, waited}
