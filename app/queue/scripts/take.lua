-- The owner takes windows of its recording back that nobody has now, and hears which are done.
-- KEYS  1 task, 2 windows, 3 offers, 4 loans, 5 workers
-- ARGV  1 token, 2 plan of the windows' hash, 3 most to take, 4 how often a window is lent at most, 5… numbers of windows
-- Returns {FENCED} | {OK, then {number, MINE | SUSPECT (it was lent as often as may be, and never came back) | window that
--         is done} of each that is on loan no longer}
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return {'FENCED'} end
local now = now_ms()
local left = math.min(tonumber(ARGV[3]), math.max(1, portion(KEYS[4], KEYS[5], now)))
local has_windows = redis.call('HGET', KEYS[2], 'plan') == ARGV[2]
local answer = {'OK'}
for place = 5, #ARGV do
  local number = ARGV[place]
  local done = has_windows and redis.call('HGET', KEYS[2], 'window:' .. number)
  local loan = redis.call('ZSCORE', KEYS[4], loan_of(number))
  if done then
    unoffer(KEYS[3], KEYS[4], number)
    answer[#answer + 1] = {number, done}
  elseif left > 0 and not (loan and tonumber(loan) > now) then
    left = left - 1
    unoffer(KEYS[3], KEYS[4], number)
    local tries = tonumber(redis.call('HGET', KEYS[3], 'tries:' .. number) or 0)
    answer[#answer + 1] = {number, tries >= tonumber(ARGV[4]) and 'SUSPECT' or 'MINE'}
  end
end
return answer
