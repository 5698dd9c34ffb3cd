-- Ends a session. Answers 1, or 0 if it had ended or is unknown.
-- ARGV[4]: its id.
local session = load(ARGV[4])
if session == nil then
  return 0
end
if not session then
  return redis.error_reply('DAMAGED a session')
end
local lived = not has_ended(session)
if not session.marked then
  finish(session)
end
remember_now()
return lived and 1 or 0
