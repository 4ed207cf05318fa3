-- A worker hands in the result of its claim.
-- KEYS  1 processing, 2 task, 3 result, 4 windows
-- ARGV  1 payload, 2 token, 3 result, 4 ttl
-- Returns DONE | APPLIED (before; that reply was lost) | FENCED (the claim is no longer the caller's) | DELETED |
--         ANSWERED (another result was there first, and stays)
local v = redis.call('HMGET', KEYS[2], 'token', 'done_token', 'status', 'deleted')
if v[2] == ARGV[2] and v[3] == 'done' then return 'APPLIED' end
if v[1] ~= ARGV[2] then return 'FENCED' end
if v[4] then -- nobody wants it any more
  redis.call('LREM', KEYS[1], 1, ARGV[1])
  redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
  return 'DELETED'
end
if redis.call('EXISTS', KEYS[3]) == 1 then
  answered(KEYS[2], KEYS[3], KEYS[4], now_ms(), ARGV[4])
  redis.call('LREM', KEYS[1], 1, ARGV[1])
  return 'ANSWERED'
end
store(KEYS[3], ARGV[3], ARGV[4]) -- the first write: where memory is short, all or nothing
redis.call('HSET', KEYS[2], 'status', 'done', 'done_token', ARGV[2], 'finished_at', now_ms())
redis.call('HDEL', KEYS[2], 'token', 'worker', 'cancel', 'error', 'next_attempt_at')
redis.call('LREM', KEYS[1], 1, ARGV[1])
expire(KEYS[2], ARGV[4])
redis.call('DEL', KEYS[4])
return 'DONE'
