-- What a try to tell the end of a task gave. A task that went meanwhile is not brought back by that.
-- KEYS  1 task, 2 webhooks
-- ARGV  1 task id, 2 state, 3 status of the answer (0 = none), 4 ms until the next try ('' = there is none)
-- Returns NOTED | UNKNOWN (the task is gone)
local is_known = redis.call('EXISTS', KEYS[1]) == 1
if is_known and ARGV[4] ~= '' then
  redis.call('ZADD', KEYS[2], 'XX', now_ms() + ARGV[4], ARGV[1])
else
  redis.call('ZREM', KEYS[2], ARGV[1])
end
if not is_known then return 'UNKNOWN' end
redis.call('HSET', KEYS[1], 'webhook_state', ARGV[2], 'webhook_status', ARGV[3])
return 'NOTED'
