-- One more try is made to tell the end of a task.
-- KEYS  1 task, 2 webhooks
-- ARGV  1 task id
-- Returns {tries, times that it was queued anew | false} | nil (the task is gone, and what was to be told with it)
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return nil
end
return {redis.call('HINCRBY', KEYS[1], 'webhook_attempts', 1), redis.call('HGET', KEYS[1], 'webhook_round')}
