-- Ends all sessions of a subject but one. Answers the ids of those that ended.
-- KEYS[3]: the sessions of the subject. ARGV[4]: the id of the one that goes on, or nothing.
local ended = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  -- One that cannot be read cannot be renewed either: it has to keep no other alive.
  local session = id ~= ARGV[4] and load(id)
  if session then
    if not has_ended(session) then
      ended[#ended + 1] = id
    end
    if not session.marked then
      finish(session)
    end
  end
end
remember_now()
return ended
