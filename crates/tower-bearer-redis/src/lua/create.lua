-- Keeps a session that begins now. Answers 1, or 0 if there is one of this id.
-- KEYS[3]: the session. KEYS[4]: those of its subject.
-- ARGV[4]: its id. ARGV[5], ARGV[6]: how long it lasts idle and in any case, in milliseconds.
-- ARGV[7]: subject. ARGV[8]: nonce. ARGV[9]: device. ARGV[10]: acr, if it is known.
if redis.call('EXISTS', KEYS[3]) == 1 then
  return 0
end

-- Where nobody purges, each login takes away a few that the server has dropped by itself.
local gone = redis.call('ZRANGE', KEYS[2], '-inf', text(now - keep), 'BYSCORE', 'LIMIT', 0, 4)
for _, id in ipairs(gone) do
  redis.call('DEL', session_key(id))
  redis.call('ZREM', KEYS[2], id)
end
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', text(now))

local expires = now + tonumber(ARGV[6])
local idle = math.min(now + tonumber(ARGV[5]), expires)
redis.call('HSET', KEYS[3], 'u', ARGV[7], 'n', ARGV[8], 'd', ARGV[9], 'c', '0',
  'b', text(now), 'r', text(now), 'i', text(idle), 'x', text(expires))
if ARGV[10] then
  redis.call('HSET', KEYS[3], 'a', ARGV[10])
end
redis.call('ZADD', KEYS[4], text(idle), ARGV[4])
lasts(KEYS[4], expires + keep)
ends_at({ id = ARGV[4] }, idle)
remember_now()
return 1
