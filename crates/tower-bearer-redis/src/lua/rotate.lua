-- Decides what becomes of a refresh token: the table at `SessionStore::rotate`. Answers a word, and the counter that comes next.
-- ARGV[4]: the session's id. ARGV[5]: the counter of the token. ARGV[6]: idle. ARGV[7]: grace, both in milliseconds.
local session = load(ARGV[4])
if session == nil then
  return { 'ended', '0' }
end
if not session then
  return redis.error_reply('DAMAGED a session')
end
local presented = tonumber(ARGV[5])

if has_ended(session) then
  if not session.marked then
    finish(session)
  end
  remember_now()
  return { 'ended', '0' }
end

if presented < session.counter then
  if presented + 1 == session.counter and now <= session.rotated + tonumber(ARGV[7]) then
    return { 'replayed', text(session.counter) }
  end
  finish(session)
  remember_now()
  return { 'reused', '0' }
end

local counter = text(presented + 1)
local idle = math.min(now + tonumber(ARGV[6]), session.expires)
redis.call('HSET', session_key(session.id), 'c', counter, 'r', text(now), 'i', text(idle))
redis.call('ZADD', subject_key(session.subject), text(idle), session.id)
lasts(subject_key(session.subject), session.expires + keep)
ends_at(session, idle)
remember_now()
return { presented > session.counter and 'forwarded' or 'rotated', counter }
