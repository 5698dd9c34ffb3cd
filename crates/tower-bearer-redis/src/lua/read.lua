-- Some of the log: how many, and entries and their ends in turn.
-- KEYS[1]: the log. ARGV[1]: how many, one at least. ARGV[2], ARGV[3]: the last that was read and its end, or nothing.

-- A replica, and a master that is cut off, have what once was. They refuse this, which writes nothing.
-- A master whose disk is full refuses it as well, and still has all there is: this script has no flags, so as to ask.
local written = redis.pcall('ZREMRANGEBYSCORE', KEYS[1], '(0', '(0')
if type(written) == 'table' and not string.find(written.err, '^MISCONF ') then
  return written
end
local entries = after(KEYS[1], ARGV[2], ARGV[3], tonumber(ARGV[1]))
return { #entries / 2, entries }
