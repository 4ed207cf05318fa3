-- A borrower goes on with its windows.
-- KEYS  1 task, 2 offers, 3 loans
-- ARGV  1 worker, 2 ms that the loan lasts from now on, 3… numbers of windows
-- Returns HELD | GONE (nobody offers them any more)
local token = redis.call('HGET', KEYS[2], 'token')
local v = redis.call('HMGET', KEYS[1], 'token', 'cancel')
if not token or token ~= v[1] or v[2] then return 'GONE' end
for place = 3, #ARGV do
  if redis.call('HGET', KEYS[2], 'borrower:' .. ARGV[place]) == ARGV[1] then
    redis.call('ZADD', KEYS[3], 'XX', now_ms() + ARGV[2], loan_of(ARGV[place]))
  end
end
return 'HELD'
