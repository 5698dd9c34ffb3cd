-- Some of the log: how many, and entries and their ends in turn.
-- KEYS[1]: the log. ARGV[1]: how many, one at least. ARGV[2], ARGV[3]: the last that was read, and its end, unless it begins.
local entries = after(KEYS[1], ARGV[2], ARGV[3], tonumber(ARGV[1]))
return { #entries / 2, entries }
