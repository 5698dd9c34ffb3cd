-- Drops sessions that have ended. Answers how many were looked at, and how many of them the server had not dropped by itself.
-- ARGV[4]: how many to look at. ARGV[5]: how many to drop, at most.
local ids = redis.call('ZRANGE', KEYS[2], '-inf', text(now), 'BYSCORE', 'LIMIT', 0, ARGV[4])
local seen, dropped, most = 0, 0, tonumber(ARGV[5])
for _, id in ipairs(ids) do
  if dropped == most then
    break
  end
  local subject = redis.pcall('HGET', session_key(id), 'u')
  if type(subject) == 'string' then
    redis.call('ZREM', subject_key(subject), id)
  end
  dropped = dropped + redis.call('DEL', session_key(id))
  redis.call('ZREM', KEYS[2], id)
  seen = seen + 1
end
if seen > 0 then
  remember_now()
end
return { seen, dropped }
