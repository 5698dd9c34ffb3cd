-- Drops sessions that have ended. Answers how many were looked at, and how many of them the server had not dropped by itself.
-- ARGV[4]: how many at most.
local ids = redis.call('ZRANGE', KEYS[2], '-inf', text(now), 'BYSCORE', 'LIMIT', 0, ARGV[4])
local dropped = 0
for _, id in ipairs(ids) do
  local subject = redis.pcall('HGET', session_key(id), 'u')
  if type(subject) == 'string' then
    redis.call('ZREM', subject_key(subject), id)
  end
  dropped = dropped + redis.call('DEL', session_key(id))
  redis.call('ZREM', KEYS[2], id)
end
if #ids > 0 then
  remember_now()
end
return { #ids, dropped }
