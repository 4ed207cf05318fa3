-- A worker that is long dead, or (own=1) that leaves, is forgotten once it holds nothing.
-- KEYS  1 workers, 2 processing
-- ARGV  1 worker, 2 ms to remember it after its lease, 3 own (0/1)
-- Returns RETIRED | KEPT
if redis.call('LLEN', KEYS[2]) > 0 then return 'KEPT' end
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if ARGV[3] ~= '1' and (not lease or tonumber(lease) + ARGV[2] > now_ms()) then return 'KEPT' end
redis.call('ZREM', KEYS[1], ARGV[1])
return 'RETIRED'
