-- A session: nothing, or its fields, and 1 if it has ended.
-- ARGV[4]: its id.
local session = load(ARGV[4])
if session == nil then
  return false
end
if not session then
  return redis.error_reply('DAMAGED a session')
end
local ended = has_ended(session)
if ended then
  remember_now()
end
return { row(ARGV[4]), ended and 1 or 0 }
