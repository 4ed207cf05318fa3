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
