-- Every script begins with this.
-- ARGV[1]: the time in milliseconds, or nothing where the server's own counts.

-- Times and counters are doubles here: all of them are below 2^53, and written without an exponent.
local function text(number)
  return string.format('%.0f', number)
end

local function whole(value)
  if type(value) == 'string' and #value <= 16 and string.find(value, '^%d+$') then
    return tonumber(value)
  end
end

local clock = redis.call('TIME')
local real = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local asked = whole(ARGV[1]) or real

-- The server drops a key by its own clock, whatever the time is here.
local function server_time(time)
  return text(math.max(real + time - asked, 0))
end

-- A key of many lasts as long as the one that lasts longest. What has passed says nothing of others, which may be there without a time.
local function lasts(key, time)
  local at = server_time(math.max(time, asked + 600000))
  redis.call('PEXPIREAT', key, at, 'NX')
  redis.call('PEXPIREAT', key, at, 'GT')
end
