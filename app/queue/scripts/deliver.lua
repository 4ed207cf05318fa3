-- A borrower delivers a window. It needs no token: what it decoded by the same plan is the same, whoever owns the task.
-- KEYS  1 task, 2 windows, 3 offers, 4 loans
-- ARGV  1 plan of the windows' hash, 2 number of the window, 3 window, 4 its text, 5 seconds of the recording that it
--       accounts for
-- Returns SAVED | KNOWN | REFUSED (the task has ended, or is done by another plan)
local v = redis.call('HMGET', KEYS[1], 'status', 'cancel')
if not v[1] or is_final(v[1]) or v[2] then return 'REFUSED' end
local plan = redis.call('HGET', KEYS[2], 'plan') or redis.call('HGET', KEYS[3], 'saved_plan')
if plan ~= ARGV[1] then return 'REFUSED' end
unoffer(KEYS[3], KEYS[4], ARGV[2])
return save_window(KEYS[2], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], '')
