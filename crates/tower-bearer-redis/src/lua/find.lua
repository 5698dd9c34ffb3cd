-- A session: nothing, or its fields, and 1 if it has ended.
-- ARGV[4]: its id.
local session = load(ARGV[4])
if session == nil then
  return false
end
if not session then
  return redis.error_reply('DAMAGED a session')
end
local found, ended = row(ARGV[4]), has_ended(session)
if ended and not session.marked then
  age_out(session)
end
return { found, ended and 1 or 0 }
