-- Put before every other script. Times are milliseconds of the server's clock: no client's clock counts.
local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function is_final(status)
  return status == 'done' or status == 'error' or status == 'cancelled'
end

local function expire(key, ttl) -- seconds; 0 = kept for ever
  if tonumber(ttl) > 0 then redis.call('EXPIRE', key, ttl) else redis.call('PERSIST', key) end
end

local function store(key, value, ttl)
  if tonumber(ttl) > 0 then redis.call('SET', key, value, 'EX', ttl) else redis.call('SET', key, value) end
end

-- A task ends without a transcript: in its hash, and in the result key for those who read only that. One that was
-- deleted while it ran leaves nothing.
local function finish(task, result, windows, status, failure, now, ttl)
  if redis.call('HGET', task, 'deleted') then return redis.call('DEL', task, result, windows) end
  redis.call('HSET', task, 'status', status, 'error', failure, 'finished_at', now)
  redis.call('HDEL', task, 'token', 'worker', 'cancel', 'next_attempt_at')
  expire(task, ttl)
  redis.call('DEL', windows)
  store(result, '{"status":"error","error":' .. failure .. '}', ttl)
end

-- A task is done by a result that is there already.
local function answered(task, result, windows, now, ttl)
  if redis.call('TTL', result) == -1 then expire(result, ttl) end
  redis.call('HSET', task, 'status', 'done', 'finished_at', now)
  redis.call('HDEL', task, 'token', 'worker', 'cancel', 'error', 'next_attempt_at')
  expire(task, ttl)
  redis.call('DEL', windows)
end

local function bury(dead, payload, cap)
  redis.call('LPUSH', dead, payload)
  redis.call('LTRIM', dead, 0, cap - 1)
end

-- What an earlier attempt saved by another plan is of no use to the one that has `plan`.
local function forget_other_plan(windows, plan)
  local saved = redis.call('HGET', windows, 'plan')
  if saved and saved ~= plan then redis.call('DEL', windows) end
end

-- A window that is done is kept in the hash of its task's windows. Returns SAVED | KNOWN (it was done before).
local function save_window(windows, plan, number, window, text, covered, duration)
  redis.call('HSETNX', windows, 'plan', plan)
  if redis.call('HSETNX', windows, 'window:' .. number, window) == 0 then return 'KNOWN' end
  redis.call('HINCRBYFLOAT', windows, 'processed', covered)
  redis.call('HSET', windows, 'saved_at', now_ms())
  if duration ~= '' then redis.call('HSET', windows, 'duration', duration) end
  -- The windows end in any order; `following` is the first whose text is missing. Texts are put together CHUNK at a time:
  -- one field for all would be written anew with each window, 300 MB for ten hours, and a field each slow to read.
  local CHUNK = 50
  redis.call('HSET', windows, 'text:' .. number, text)
  local following = tonumber(redis.call('HGET', windows, 'following') or 0)
  local joined = tonumber(redis.call('HGET', windows, 'joined') or following)
  while redis.call('HGET', windows, 'text:' .. following) do following = following + 1 end
  redis.call('HSET', windows, 'following', following)
  while following - joined >= CHUNK do
    local names = {}
    for each = joined, joined + CHUNK - 1 do names[#names + 1] = 'text:' .. each end
    local texts = redis.call('HMGET', windows, unpack(names))
    for place = 1, CHUNK do texts[place] = texts[place] or '' end -- an older worker may have taken it into `text`
    redis.call('HSET', windows, 'texts:' .. redis.call('HINCRBY', windows, 'chunks', 1), table.concat(texts))
    redis.call('HDEL', windows, unpack(names))
    joined = joined + CHUNK
  end
  redis.call('HSET', windows, 'joined', joined)
  return 'SAVED'
end

-- The member of a window in the ZSET of loans: equal scores are in the order of the windows.
local function loan_of(number)
  return string.format('%09d', number)
end

-- How many windows one of the workers takes at a time: a quarter of an equal share of those that nobody has, so that
-- portions are large first, and single windows in the end, and all end together.
local function portion(loans, workers, now)
  local free = redis.call('ZCOUNT', loans, '-inf', now)
  return math.ceil(free / (4 * math.max(1, redis.call('ZCOUNT', workers, now, '+inf'))))
end

-- A window is on offer no longer. How often it was lent stays known.
local function unoffer(offers, loans, number)
  redis.call('ZREM', loans, loan_of(number))
  redis.call('HDEL', offers, 'window:' .. number, 'borrower:' .. number)
end
