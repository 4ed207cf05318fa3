-- An API tells which upload folder is the queue's.
-- KEYS  1 store, 2 mark of a living API at that store
-- ARGV  1 id of its folder, 2 id that it had bound before ('' = none), 3 the folder may be this queue's (0/1), 4 ms that
--       the mark lasts
-- Returns BOUND | CHANGED (from another folder) | FOREIGN (the folder is another service's) | OTHER (other APIs that are
--         alive have another folder)
local known = redis.call('GET', KEYS[1])
if known ~= ARGV[1] then
  if ARGV[3] == '0' then return 'FOREIGN' end
  if known and known ~= ARGV[2] and redis.call('EXISTS', KEYS[2]) == 1 then return 'OTHER' end
  redis.call('SET', KEYS[1], ARGV[1])
end
redis.call('SET', KEYS[2], '1', 'PX', ARGV[4])
return (known and known ~= ARGV[1]) and 'CHANGED' or 'BOUND'
