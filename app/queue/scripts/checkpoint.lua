-- A worker saves a window that it has finished.
-- KEYS  1 task, 2 windows
-- ARGV  1 token, 2 plan, 3 number of the window, 4 window, 5 its text, 6 seconds of the recording that it accounts for,
--       7 length of the recording in seconds ('' = unknown)
-- Returns SAVED | KNOWN | FENCED
local v = redis.call('HMGET', KEYS[1], 'token', 'deleted')
if v[1] ~= ARGV[1] or v[2] then return 'FENCED' end
local plan = redis.call('HGET', KEYS[2], 'plan')
if plan ~= ARGV[2] then
  if plan then redis.call('DEL', KEYS[2]) end -- what an earlier attempt saved is of no use to this one
  redis.call('HSET', KEYS[2], 'plan', ARGV[2])
end
if redis.call('HSETNX', KEYS[2], 'window:' .. ARGV[3], ARGV[4]) == 0 then return 'KNOWN' end
redis.call('HINCRBYFLOAT', KEYS[2], 'processed', ARGV[6])
redis.call('HSET', KEYS[2], 'saved_at', now_ms())
if ARGV[7] ~= '' then redis.call('HSET', KEYS[2], 'duration', ARGV[7]) end
-- The windows end in any order; `following` is the first whose text is missing. Texts are put together CHUNK at a time:
-- one field for all would be written anew with each window, 300 MB for ten hours, and a field each slow to read.
local CHUNK = 50
redis.call('HSET', KEYS[2], 'text:' .. ARGV[3], ARGV[5])
local following = tonumber(redis.call('HGET', KEYS[2], 'following') or 0)
local joined = tonumber(redis.call('HGET', KEYS[2], 'joined') or following)
while redis.call('HGET', KEYS[2], 'text:' .. following) do following = following + 1 end
redis.call('HSET', KEYS[2], 'following', following)
while following - joined >= CHUNK do
  local names = {}
  for number = joined, joined + CHUNK - 1 do names[#names + 1] = 'text:' .. number end
  local texts = redis.call('HMGET', KEYS[2], unpack(names))
  for place = 1, CHUNK do texts[place] = texts[place] or '' end -- an older worker may have taken it into `text`
  redis.call('HSET', KEYS[2], 'texts:' .. redis.call('HINCRBY', KEYS[2], 'chunks', 1), table.concat(texts))
  redis.call('HDEL', KEYS[2], unpack(names))
  joined = joined + CHUNK
end
redis.call('HSET', KEYS[2], 'joined', joined)
return 'SAVED'
