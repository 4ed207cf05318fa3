-- A task is open no more: it has ended, or was not accepted after all. What it was counted too much or too little for
-- is put right, once.
-- KEYS  1 open tasks, 2 usage of the day, 3 usage of the month
-- ARGV  1 task id, 2 ms of audio to add, 3 bytes to add, 4 tasks to add (may be negative), 5 and 6 TTL in seconds
-- Returns 1, or 0 where that was done before
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
for place = 1, 2 do
  for number, field in ipairs({'audio', 'bytes', 'tasks'}) do
    if tonumber(ARGV[1 + number]) ~= 0 then
      -- not below 0: what is taken back after midnight was counted the day before
      local used = tonumber(redis.call('HGET', KEYS[1 + place], field) or 0)
      redis.call('HSET', KEYS[1 + place], field, string.format('%.0f', math.max(0, used + ARGV[1 + number])))
      redis.call('EXPIRE', KEYS[1 + place], ARGV[4 + place])
    end
  end
end
return 1
