-- A worker gives its claim up without a result.
-- KEYS  1 processing, 2 task, 3 queue, 4 delayed, 5 dead, 6 result, 7 windows
-- ARGV  1 payload, 2 token, 3 outcome (retry | error | cancelled | release), 4 failure, 5 delay in ms,
--       6 dead letters kept, 7 ttl, 8 the engine crashed (0/1), 9 failure of a cancelled task
-- Returns RELEASED | RETRYING | ERROR | CANCELLED | APPLIED | FENCED
local v = redis.call('HMGET', KEYS[2], 'token', 'done_token', 'attempts', 'max_attempts', 'cancel', 'deleted')
if v[2] == ARGV[2] then return 'APPLIED' end
if v[1] ~= ARGV[2] then return 'FENCED' end
local now, outcome, failure = now_ms(), ARGV[3], ARGV[4]
if v[5] == '1' and (outcome ~= 'error' or v[6]) then outcome, failure = 'cancelled', ARGV[9] end
if outcome == 'retry' and tonumber(v[3]) >= tonumber(v[4]) then outcome = 'error' end
redis.call('LREM', KEYS[1], 1, ARGV[1]) -- the first write: never refused for lack of memory
redis.call('HSET', KEYS[2], 'done_token', ARGV[2])
redis.call('HDEL', KEYS[2], 'token', 'worker')
if ARGV[8] == '1' then redis.call('HINCRBY', KEYS[2], 'crashes', 1) end
if outcome == 'release' then
  redis.call('RPUSH', KEYS[3], ARGV[1]) -- next in line again
  redis.call('HSET', KEYS[2], 'status', 'queued', 'attempts', v[3] - 1)
  return 'RELEASED'
elseif outcome == 'retry' then
  redis.call('ZADD', KEYS[4], now + ARGV[5], ARGV[1])
  redis.call('HSET', KEYS[2], 'status', 'retrying', 'error', failure, 'next_attempt_at', now + ARGV[5])
  return 'RETRYING'
end
if outcome == 'error' then bury(KEYS[5], ARGV[1], ARGV[6]) end
finish(KEYS[2], KEYS[6], KEYS[7], outcome, failure, now, ARGV[7])
return string.upper(outcome)
