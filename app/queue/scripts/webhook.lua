-- The next webhook that is due is somebody's for a while.
-- KEYS  1 webhooks
-- ARGV  1 ms after which it is due again, should whoever took it die
-- Returns a task id | nil
local now = now_ms()
local due = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, 1)
if #due == 0 then return nil end
redis.call('ZADD', KEYS[1], now + ARGV[1], due[1])
return due[1]
