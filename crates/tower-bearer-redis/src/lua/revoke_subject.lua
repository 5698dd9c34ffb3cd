-- Ends some sessions of a subject, all but one. Answers the ids of those that ended, and, if there are more, the last that was looked at and its place.
-- KEYS[3]: the sessions of the subject. ARGV[4]: how many. ARGV[5], ARGV[6]: the last that was looked at and its place, or nothing.
-- ARGV[7]: the id of the one that goes on, or nothing.
local ended, most = {}, tonumber(ARGV[4])
local page = after(KEYS[3], ARGV[5], ARGV[6], most)
for at = 1, #page, 2 do
  local id = page[at]
  -- One that cannot be read cannot be renewed either: it has to keep no other alive.
  local session = id ~= ARGV[7] and still_in(KEYS[3], id)
  if session then
    ended[#ended + 1] = id
    finish(session, now)
  end
end
if #ended > 0 then
  remember_now()
end
if #page < 2 * most then
  return { ended }
end
return { ended, page[#page - 1], page[#page] }
