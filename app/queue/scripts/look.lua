-- What is known about a task, at one moment. (MULTI would do, but is refused where memory is short.)
-- KEYS  1 task, 2 result
-- Returns {result, status, failure}, each nil where there is none
local v = redis.call('HMGET', KEYS[1], 'status', 'error')
return {redis.call('GET', KEYS[2]), v[1], v[2]}
