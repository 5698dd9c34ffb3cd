-- Members of a sorted set in its order, which is the same on every server, and their scores.
-- After this one, or the first ones after nothing. If it has gone or moved, those of its score come again, and none is left out.
local function after(key, member, score, most)
  local from = 0
  if member ~= '' and redis.call('ZSCORE', key, member) == score then
    from = redis.call('ZRANK', key, member) + 1
  elseif member ~= '' then
    from = redis.call('ZCOUNT', key, '-inf', '(' .. score)
  end
  return redis.call('ZRANGE', key, from, from + most - 1, 'WITHSCORES')
end
