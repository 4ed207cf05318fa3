-- A task goes, and all that is known of it.
-- KEYS  1 queue, 2 high, 3 delayed, 4 task, 5 result, 6 windows, 7 dead, 8 index, 9 index of its owner,
--       10 request of the task, 11 the request that this names (where it names none, 10 again), 12 awaited,
--       13 webhooks
-- ARGV  1 task id, 2 payload of a waiting task that has no hash ('' = none)
-- Returns UNKNOWN | DELETED | REQUESTED (it runs: its worker is told at its next heartbeat, and leaves nothing)
local v = redis.call('HMGET', KEYS[4], 'status', 'payload')
local payload = v[2] or ARGV[2]
local has_result = redis.call('DEL', KEYS[5]) > 0
local known = redis.call('DEL', KEYS[6]) > 0 or has_result or v[1]
redis.call('ZREM', KEYS[8], ARGV[1])
for _, name in ipairs({KEYS[9], KEYS[12], KEYS[13]}) do redis.call('ZREM', name, ARGV[1]) end
-- Its Idempotency-Key, unless another task has it by now: a request that comes later is a new one.
local request = KEYS[10] ~= KEYS[11] and redis.call('GET', KEYS[11])
if request and string.find(request, '"' .. ARGV[1] .. '"', 1, true) then redis.call('DEL', KEYS[11]) end
redis.call('DEL', KEYS[10])
local waited = 0
if payload ~= '' then
  redis.call('LREM', KEYS[7], 0, payload)
  waited = redis.call('LREM', KEYS[1], 0, payload) + redis.call('LREM', KEYS[2], 0, payload)
    + redis.call('ZREM', KEYS[3], payload)
end
-- A foreign worker has answered it, and no sweep has seen that yet: nobody has it in hand any more.
local is_answered = has_result and (v[1] == 'queued' or v[1] == 'retrying')
if v[1] and not is_final(v[1]) and waited == 0 and not is_answered then -- it runs, or is between BLMOVE and claim
  redis.call('HSET', KEYS[4], 'cancel', 1, 'deleted', 1)
  return 'REQUESTED'
end
redis.call('DEL', KEYS[4])
return (known or waited > 0) and 'DELETED' or 'UNKNOWN'
