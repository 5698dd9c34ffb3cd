-- Uses each command that the other scripts use, on keys of its own, which do not stay.
-- KEYS[1]: a hash. KEYS[2]: a set. ARGV[1]: a channel on which nobody listens.
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('TIME')
redis.call('SET', KEYS[1], '1')
redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'a', '1')
redis.call('HGET', KEYS[1], 'a')
redis.call('HMGET', KEYS[1], 'a')
redis.call('EXISTS', KEYS[1])
redis.call('PEXPIREAT', KEYS[1], '99999999999999', 'NX')
redis.call('ZADD', KEYS[2], 'GT', 'CH', '1', 'a')
redis.call('ZRANGE', KEYS[2], '-inf', '1', 'BYSCORE', 'LIMIT', 0, 1)
redis.call('ZREM', KEYS[2], 'a')
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '1')
redis.call('PUBLISH', ARGV[1], '1')
redis.call('DEL', KEYS[1], KEYS[2])
return 1
