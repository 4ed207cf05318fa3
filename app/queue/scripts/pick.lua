-- The first waiting element that a worker has room for goes into its list, past those that it has none for.
-- KEYS  1 list, 2 processing
-- ARGV  1 longest recording in seconds ('' = of any length, '0' = none), 2 those that are yet to be fetched too (0/1),
--       3 newest element that the caller has passed over before: it and older ones are not looked at again ('' = none),
--       4 model of a task that names none, 5… what is not wanted: kind of task, space, name of a model
-- Returns {element that was taken | false, newest element that was passed over | false}
local CHUNK = 100

local function seconds(element, name)
  return tonumber(string.match(element, '"' .. name .. '"%s*:%s*([%d.eE+-]+)')) or math.huge
end

local unwanted = {}
for place = 5, #ARGV do unwanted[ARGV[place]] = true end

local function text(element, name)
  return string.match(element, '"' .. name .. '"%s*:%s*"([^"]*)"')
end

-- Text inside a JSON string cannot be taken for a field: its quotes are escaped.
local function has_room(element)
  if next(unwanted) and unwanted[(text(element, 'task') or 'transcribe') .. ' ' .. (text(element, 'model') or ARGV[4])] then
    return false
  end
  if string.find(element, '"url"%s*:%s*"') then return ARGV[2] == '1' end
  if ARGV[1] == '' then return true end
  local length = math.min(seconds(element, 'duration'), seconds(element, 'trim'))
  return length > 0 and length <= tonumber(ARGV[1])
end

local known = ARGV[3] ~= '' and redis.call('LPOS', KEYS[1], ARGV[3])
local passed = known and ARGV[3]
for stop = (known or redis.call('LLEN', KEYS[1])) - 1, 0, -CHUNK do
  local elements = redis.call('LRANGE', KEYS[1], math.max(0, stop - CHUNK + 1), stop)
  for place = #elements, 1, -1 do
    if has_room(elements[place]) then
      redis.call('LREM', KEYS[1], -1, elements[place]) -- the first write: never refused for lack of memory
      redis.call('LPUSH', KEYS[2], elements[place])
      return {elements[place], passed}
    end
    passed = elements[place]
  end
end
return {false, passed}
