-- A request is no longer being accepted.
-- KEYS  1 request, 2 its acceptance, 3 request of its task
-- ARGV  1 the request, 2 it became a task (0/1)
-- Returns RELEASED | TAKEN (its key is another's by now)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'TAKEN' end
redis.call('DEL', KEYS[2])
if ARGV[2] == '0' then redis.call('DEL', KEYS[1], KEYS[3]) end
return 'RELEASED'
