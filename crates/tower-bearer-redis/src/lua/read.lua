-- Some of the log: how many, and entries and their ends in turn.
-- KEYS[1]: the log. ARGV[1]: how many, one at least. ARGV[2], ARGV[3]: the last that was read and its end, or nothing.

-- A replica, and a master that is cut off, have what once was. They refuse this, which writes nothing.
-- A master whose disk is full refuses it as well, and still has all there is, if it is one that needs no replicas: this script has no flags, so as to ask.
local written = redis.pcall('ZREMRANGEBYSCORE', KEYS[1], '(0', '(0')
if type(written) == 'table' then
  local said = string.find(written.err, '^MISCONF ') and redis.pcall('INFO', 'replication')
  local is_alone = type(said) == 'string' and string.find(said, 'role:master', 1, true)
    and not string.find(said, 'min_slaves_good_slaves', 1, true)
  if not is_alone then
    return written
  end
end
local entries = after(KEYS[1], ARGV[2], ARGV[3], tonumber(ARGV[1]))
return { #entries / 2, entries }
