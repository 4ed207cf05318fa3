-- An element that names no task goes from a processing list to the dead letters.
-- KEYS  1 processing, 2 dead
-- ARGV  1 payload, 2 dead letters kept
-- Returns BURIED | GONE
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 'GONE' end
bury(KEYS[2], ARGV[1], ARGV[2])
return 'BURIED'
