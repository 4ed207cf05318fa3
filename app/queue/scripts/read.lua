-- What is stored of some tasks: one call, since clients poll and every argument costs the API time.
-- KEYS  task, windows and result of each
-- ARGV  1 how many fields of the task follow; then those, and after them the fields of its windows
-- Returns {values of the task's fields, values of the windows' fields, result} of each
local count = tonumber(ARGV[1])
local fields, progress = {}, {}
for number = 2, #ARGV do
  local names = number <= count + 1 and fields or progress
  names[#names + 1] = ARGV[number]
end
local answer = {}
for first = 1, #KEYS, 3 do
  answer[#answer + 1] = {
    redis.call('HMGET', KEYS[first], unpack(fields)),
    redis.call('HMGET', KEYS[first + 1], unpack(progress)),
    redis.call('GET', KEYS[first + 2]),
  }
end
return answer
