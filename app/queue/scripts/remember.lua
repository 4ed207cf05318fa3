-- A request takes its Idempotency-Key, or keeps it, while it is being accepted.
-- KEYS  1 request, 2 its acceptance, which ends by itself with the API, 3 request of its task
-- ARGV  1 the request, 2 the earlier one that became no task ('' = none), 3 ttl, 4 ms until the acceptance ends
-- Returns {MINE | ACCEPTING (it is another's, who is being accepted) | TAKEN (it is another's), that other | false}
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then
  if redis.call('EXISTS', KEYS[2]) == 1 then return {'ACCEPTING', held} end
  if held ~= ARGV[2] then return {'TAKEN', held} end
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
redis.call('SET', KEYS[3], KEYS[1], 'EX', ARGV[3]) -- so that both go with the task
redis.call('SET', KEYS[2], '1', 'PX', ARGV[4])
return {'MINE', false}
