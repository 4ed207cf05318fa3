-- A task is no longer wanted.
-- KEYS  1 queue, 2 high, 3 delayed, 4 task, 5 result, 6 windows
-- ARGV  1 ttl, 2 failure of a cancelled task, 3 payload of a waiting task that has no hash ('' = none)
-- Returns UNKNOWN | DONE | ERROR | CANCELLED | REQUESTED (the worker is told at its next heartbeat)
local v = redis.call('HMGET', KEYS[4], 'status', 'payload')
if is_final(v[1]) then return string.upper(v[1]) end
local payload = v[2] or ARGV[3]
if v[1] ~= 'processing' and payload ~= '' then
  local removed = redis.call('LREM', KEYS[1], 1, payload) + redis.call('LREM', KEYS[2], 1, payload)
    + redis.call('ZREM', KEYS[3], payload)
  if removed > 0 then
    finish(KEYS[4], KEYS[5], KEYS[6], 'cancelled', ARGV[2], now_ms(), ARGV[1])
    return 'CANCELLED'
  end
end
if not v[1] then return 'UNKNOWN' end
redis.call('PERSIST', KEYS[4]) -- a write that is never refused for lack of memory, so that the next is not either
redis.call('HSET', KEYS[4], 'cancel', 1) -- it runs, or is between BLMOVE and claim
return 'REQUESTED'
