-- A key has a recording transcribed, if its quota has room for it; once per task id.
-- KEYS  1 open tasks, 2 usage of the day, 3 usage of the month
-- ARGV  1 task id, 2 ms of audio, 3 bytes, 4 most open tasks, 5 and 6 most ms of the day and month, 7 and 8 most
--       bytes of both (-1: no limit), 9 and 10 TTL of both in seconds
-- Returns OK, or the number (from 4) of the argument that is exceeded, and what is used of it
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {'OK', 0} end
local function over(number, used, more)
  local most = tonumber(ARGV[number])
  return most >= 0 and (used + more > most or used >= most)
end
local open = redis.call('ZCARD', KEYS[1])
if over(4, open, 1) then return {'4', open} end
local amounts = {audio = tonumber(ARGV[2]), bytes = tonumber(ARGV[3])}
for place, field in ipairs({'audio', 'audio', 'bytes', 'bytes'}) do
  local used = tonumber(redis.call('HGET', KEYS[2 + (place - 1) % 2], field) or 0)
  if over(4 + place, used, amounts[field]) then return {tostring(4 + place), used} end
end
redis.call('ZADD', KEYS[1], now_ms(), ARGV[1])
for place = 1, 2 do
  for field, amount in pairs(amounts) do redis.call('HINCRBY', KEYS[1 + place], field, amount) end
  redis.call('HINCRBY', KEYS[1 + place], 'tasks', 1)
  redis.call('EXPIRE', KEYS[1 + place], ARGV[8 + place])
end
return {'OK', 0}
