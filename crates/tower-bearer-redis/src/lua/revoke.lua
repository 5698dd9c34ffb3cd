-- Ends a session. Answers 1, or 0 if it had ended or is unknown.
-- ARGV[4]: its id.
local session = load(ARGV[4])
if session == nil then
  return 0
end
if not session then
  return redis.error_reply('DAMAGED a session')
end
if has_ended(session) then
  if not session.marked then
    age_out(session)
  end
  return 0
end
finish(session, now)
remember_now()
return 1
