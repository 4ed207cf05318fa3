-- A waiting task whose result a foreign worker wrote is done.
-- KEYS  1 task, 2 result, 3 windows
-- ARGV  1 ttl
-- Returns ADOPTED | KEPT
local status = redis.call('HGET', KEYS[1], 'status')
if (status ~= 'queued' and status ~= 'retrying') or redis.call('EXISTS', KEYS[2]) == 0 then return 'KEPT' end
answered(KEYS[1], KEYS[2], KEYS[3], now_ms(), ARGV[1])
return 'ADOPTED'
