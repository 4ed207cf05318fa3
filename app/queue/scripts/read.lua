-- What is stored of some tasks: one call, since clients poll and every argument costs the API time.
-- KEYS  task, windows and result of each
-- ARGV  1 how many fields of the task follow; then those, and after them the fields of its windows
-- Returns {values of the task's fields, values of the windows' fields, result, texts of the windows in order} of each
local count = tonumber(ARGV[1])
local fields, progress = {}, {}
for number = 2, #ARGV do
  local names = number <= count + 1 and fields or progress
  names[#names + 1] = ARGV[number]
end
-- The texts of the windows up to the first that is missing, as checkpoint.lua keeps them; `text` is the beginning of what an
-- older worker has saved. They are not put together here, where everybody waits for it.
local function texts_of(windows)
  local following, joined, chunks = unpack(redis.call('HMGET', windows, 'following', 'joined', 'chunks'))
  local names = { 'text' }
  for number = 1, tonumber(chunks or 0) do names[#names + 1] = 'texts:' .. number end
  for number = tonumber(joined or following or 0), tonumber(following or 0) - 1 do names[#names + 1] = 'text:' .. number end
  return redis.call('HMGET', windows, unpack(names))
end
local answer = {}
for first = 1, #KEYS, 3 do
  answer[#answer + 1] = {
    redis.call('HMGET', KEYS[first], unpack(fields)),
    redis.call('HMGET', KEYS[first + 1], unpack(progress)),
    redis.call('GET', KEYS[first + 2]),
    texts_of(KEYS[first + 1]),
  }
end
return answer
