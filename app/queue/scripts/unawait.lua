-- Nobody waits for a task any more: it ended and its caller was told, or its caller knows its address.
-- KEYS  1 awaited, 2 shared
-- ARGV  1 task id, 2 ms for which an equal request may still join; 0: none may
redis.call('ZREM', KEYS[1], ARGV[1])
if tonumber(ARGV[2]) > 0 then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
elseif redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('DEL', KEYS[2])
end
return 1
