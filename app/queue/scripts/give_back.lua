-- A borrower gives windows back that it has not done.
-- KEYS  1 offers, 2 loans
-- ARGV  1 worker, 2 it has not begun them (0/1): then they count as never lent, 3… numbers of windows
-- Returns how many it had
local count = 0
for place = 3, #ARGV do
  local number = ARGV[place]
  if redis.call('HGET', KEYS[1], 'borrower:' .. number) == ARGV[1] then
    redis.call('HDEL', KEYS[1], 'borrower:' .. number)
    if ARGV[2] == '1' then redis.call('HINCRBY', KEYS[1], 'tries:' .. number, -1) end
    redis.call('ZADD', KEYS[2], 'XX', 0, loan_of(number))
    count = count + 1
  end
end
return count
