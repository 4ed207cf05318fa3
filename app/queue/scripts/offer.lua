-- The owner of a long recording offers windows of it to idle workers, or says that there will be some.
-- KEYS  1 task, 2 help, 3 offers, 4 loans, 5 windows
-- ARGV  1 token, 2 task id, 3 plan that borrowers must share, 4 plan of the windows' hash, 5 ms that the offer lasts unless
--       it is renewed, 6… number and description of each window
-- Returns FENCED | QUIET | ASKED (somebody wants to help)
local v = redis.call('HMGET', KEYS[1], 'token', 'cancel')
if v[1] ~= ARGV[1] or v[2] then return 'FENCED' end
if redis.call('HGET', KEYS[3], 'token') ~= ARGV[1] then
  redis.call('DEL', KEYS[3], KEYS[4]) -- an earlier owner's
  forget_other_plan(KEYS[5], ARGV[4]) -- now: a borrower may deliver before this owner saves anything
end
redis.call('HSET', KEYS[3], 'token', ARGV[1], 'plan', ARGV[3], 'saved_plan', ARGV[4])
for place = 6, #ARGV, 2 do
  redis.call('HSET', KEYS[3], 'window:' .. ARGV[place], ARGV[place + 1])
  redis.call('ZADD', KEYS[4], 'NX', 0, loan_of(ARGV[place]))
end
local now = now_ms()
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now) -- those whose owner has died
redis.call('ZADD', KEYS[2], now + ARGV[5], ARGV[2])
for _, key in ipairs({KEYS[2], KEYS[3], KEYS[4]}) do redis.call('PEXPIRE', key, ARGV[5]) end
return redis.call('HEXISTS', KEYS[3], 'asked') == 1 and 'ASKED' or 'QUIET'
