-- The sessions of a subject that have not ended: the fields of each.
-- KEYS[3]: the sessions of the subject.
if redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', text(now)) > 0 then
  remember_now()
end
local rows = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  local session = load(id)
  if session and not has_ended(session) then
    rows[#rows + 1] = row(id)
  elseif session == nil then
    redis.call('ZREM', KEYS[3], id)
  end
end
return rows
