-- Takes tasks out that nobody has been waiting for, and that no equal request has taken over in time.
-- KEYS  1 awaited
-- ARGV  1 most
-- Returns their ids
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], 0, now_ms(), 'LIMIT', 0, ARGV[1])
if #ids > 0 then redis.call('ZREM', KEYS[1], unpack(ids)) end
return ids
