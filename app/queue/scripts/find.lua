-- Look for a task that is known only as an element, among those next in line.
-- KEYS  1 queue, 2 high
-- ARGV  1 what the element contains, 2 elements to look at in each list
-- Returns the first such elements (at most 10)
local found = {}
for i = 1, #KEYS do
  for _, element in ipairs(redis.call('LRANGE', KEYS[i], -ARGV[2], -1)) do
    if #found < 10 and string.find(element, ARGV[1], 1, true) then table.insert(found, element) end
  end
end
return found
