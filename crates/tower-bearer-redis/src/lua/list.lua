-- Some sessions of a subject. Answers the fields of those that have not ended, and, if there are more, the last that was looked at and its place.
-- KEYS[3]: the sessions of the subject. ARGV[4]: how many. ARGV[5], ARGV[6]: the last that was looked at and its place, or nothing.
local rows, most = {}, tonumber(ARGV[4])
local page = after(KEYS[3], ARGV[5], ARGV[6], most)
for at = 1, #page, 2 do
  if still_in(KEYS[3], page[at]) then
    rows[#rows + 1] = row(page[at])
  end
end
if #page < 2 * most then
  return { rows }
end
return { rows, page[#page - 1], page[#page] }
