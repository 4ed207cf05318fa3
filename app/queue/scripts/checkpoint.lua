-- A worker saves a window that it has finished.
-- KEYS  1 task, 2 windows
-- ARGV  1 token, 2 plan, 3 number of the window, 4 window, 5 its text, 6 seconds of the recording that it accounts for,
--       7 length of the recording in seconds ('' = unknown)
-- Returns SAVED | KNOWN | FENCED
local v = redis.call('HMGET', KEYS[1], 'token', 'deleted')
if v[1] ~= ARGV[1] or v[2] then return 'FENCED' end
forget_other_plan(KEYS[2], ARGV[2])
return save_window(KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7])
