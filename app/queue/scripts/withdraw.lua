-- The owner offers nothing any more. Where it cannot say so, its offers end by themselves.
-- KEYS  1 help, 2 offers, 3 loans
-- ARGV  1 token, 2 task id
-- Returns WITHDRAWN | KEPT (they are another owner's)
local token = redis.call('HGET', KEYS[2], 'token')
if token and token ~= ARGV[1] then return 'KEPT' end
redis.call('ZREM', KEYS[1], ARGV[2])
redis.call('DEL', KEYS[2], KEYS[3])
return 'WITHDRAWN'
