-- Somebody waits for a task: it is kept for a while longer than it is heard of them.
-- KEYS  1 awaited, 2 shared
-- ARGV  1 task id, 2 ms, 3 begin (0/1: only where it is awaited already), 4 share (0/1: an equal request may join)
-- Returns 1, or 0 where it is not awaited (any more)
if ARGV[3] ~= '1' and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now_ms() + ARGV[2], ARGV[1])
if ARGV[4] == '1' then redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2]) end
return 1
