-- Every script about sessions goes on with this.
-- KEYS[1]: the latest time that was written or told. KEYS[2]: the sessions by their ends.
-- ARGV[2]: what all keys begin with. ARGV[3]: how long a session is kept after its end, in milliseconds.

-- The clock never goes back: what has been said to have ended stays so.
local latest = redis.call('GET', KEYS[1])
if latest and not whole(latest) then
  return redis.error_reply('DAMAGED the clock')
end
local now = math.max(asked, whole(latest) or 0)
-- Keys are dropped so long after the time that counts here.
asked = now
local tag, keep = ARGV[2], tonumber(ARGV[3])

local function remember_now()
  redis.call('SET', KEYS[1], text(now))
end

local function session_key(id)
  return tag .. 's:' .. id
end

local function subject_key(subject)
  return tag .. 'u:' .. subject
end

-- What is asked of a session before it is changed: nothing if there is none, `false` if it cannot be read.
local function load(id)
  local row = redis.pcall('HMGET', session_key(id), 'c', 'r', 'i', 'x', 'u', 'e')
  if row.err then
    return false
  end
  if not (row[1] or row[2] or row[3] or row[4] or row[5]) then
    return nil
  end
  local session = {
    id = id, counter = whole(row[1]), rotated = whole(row[2]), idle = whole(row[3]),
    expires = whole(row[4]), subject = row[5], marked = row[6],
  }
  if session.counter and session.rotated and session.idle and session.expires and session.subject then
    return session
  end
  return false
end

local function has_ended(session)
  return session.marked or now >= session.idle or now >= session.expires
end

-- Says when a session ends, in all places.
local function ends_at(session, time)
  redis.call('PEXPIREAT', session_key(session.id), server_time(time + keep))
  redis.call('ZADD', KEYS[2], text(time), session.id)
  lasts(KEYS[2], time + keep)
end

local function finish(session)
  redis.call('HSET', session_key(session.id), 'e', '1')
  redis.call('ZREM', subject_key(session.subject), session.id)
  ends_at(session, now)
end

-- All of a session, and whether it has ended.
local function row(id)
  local found = redis.pcall('HMGET', session_key(id), 'u', 'n', 'd', 'a', 'c', 'b', 'r', 'i', 'x')
  if found.err then
    return false
  end
  found[10] = id
  return found
end
