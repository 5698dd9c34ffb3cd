-- Writes revocations down, and tells of those that are new or last longer than before.
-- KEYS[1]: the log. ARGV[2]: the channel. ARGV[3]: how long an entry is kept after its end, in milliseconds.
-- Then for each entry its end, in seconds, and what it says.
local keep = tonumber(ARGV[3])
local told, last = {}, 0
for at = 4, #ARGV, 2 do
  local ends, entry = ARGV[at], ARGV[at + 1]
  last = math.max(last, tonumber(ends))
  if redis.call('ZADD', KEYS[1], 'GT', 'CH', ends, entry) == 1 then
    told[#told + 1] = ends .. ' ' .. #entry .. ' ' .. entry
  end
end
lasts(KEYS[1], last * 1000 + keep)
if #told > 0 then
  redis.call('PUBLISH', ARGV[2], table.concat(told))
end

local passed = math.floor((asked - keep) / 1000)
for _, entry in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', text(passed), 'BYSCORE', 'LIMIT', 0, 1000)) do
  redis.call('ZREM', KEYS[1], entry)
end
return #told
