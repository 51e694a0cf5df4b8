import type { RedisClient } from './redis-connections.js';

/**
 * Under the key of a token lies a hash with one field per (policy, server epoch), so that one DEL removes what every
 * policy made of the token. A field holds a token as JSON, or the ticket of whoever looks the token up now.
 * Each script touches one key and runs at once, which is all that correctness rests on.
 */

/** Reads a field; if it is empty, puts the ticket there and answers nil. */
const READ = `
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held then return held end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return false`;

/** Replaces the ticket by a value, if it is still the very ticket. */
const FILL = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`;

/** Removes a field, if it still holds what it was seen to hold. */
const RELEASE = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`;

/**
 * The marks of invalidations lie in one sorted set: names with their generations, `#` with the last one that was given,
 * `^` with the one up to which marks may be missing. A generation is the server's time in microseconds, and never less
 * than one before. If the set was lost and the clock set back, the generation that the caller knows is ahead of both; other
 * processes may know a somewhat higher one, so that counting goes on far beyond it.
 *
 * A number beyond the year 2223 was not given here. Above it there might be none (from 2^53 on the next one is the same),
 * so it goes, and what it may have replaced counts as lost.
 */
const GENERATION = `
if redis.call('ZREMRANGEBYSCORE', KEYS[1], '(8000000000000000', '+inf') > 0 then redis.call('ZREM', KEYS[1], '^') end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('ZSCORE', KEYS[1], '#') or 0)
local known = tonumber(ARGV[4])
if known > math.max(now, last) and known <= 8000000000000000 then last = known + ARGV[3] * 1000 end
local function remember(generation, name)
  local text = string.format('%.0f', generation)
  if name then redis.call('ZADD', KEYS[1], text, name) end
  redis.call('ZADD', KEYS[1], text, '#')
  redis.call('ZADD', KEYS[1], 'NX', text, '^')
  redis.call('PEXPIRE', KEYS[1], ARGV[3] * 2)
  return text
end`;

/**
 * Publishes a probe, and answers how many connections of this very server received it, and the generation. It writes, so
 * that it fails where writes are refused: on a replica, or on a master that lost its replicas and is told by
 * min-replicas-to-write to stop. There an invalidation could not be done either.
 */
const PROBE = `${GENERATION}
local generation = remember(math.max(now, last))
return {redis.call('PUBLISH', ARGV[1], ARGV[2]), generation}`;

/** Publishes what needs no mark; like a probe, it fails where writes are refused, though it has nothing to write. */
const PUBLISH = `
redis.call('ZREM', KEYS[1], '')
return redis.call('PUBLISH', ARGV[1], ARGV[2])`;

/**
 * Sets a mark, publishes it with its generation before the message, and answers the generation. Marks that no entry can
 * be older than go, and an entry that is older all the same counts as overtaken.
 */
const MARK = `${GENERATION}
local began = redis.call('ZSCORE', KEYS[1], '^')
local oldest = now - ARGV[3] * 1000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', oldest))
if began then redis.call('ZADD', KEYS[1], string.format('%.0f', math.max(began, oldest)), '^') end
local generation = remember(math.max(now, last + 1), ARGV[5])
redis.call('PUBLISH', ARGV[1], generation .. ' ' .. ARGV[2])
return generation`;

/** The highest generation of some names, and of what may be missing; nil if there is no set. */
const HIGHEST_MARK = `
local highest = redis.call('ZSCORE', KEYS[1], '^')
if not highest then return false end
highest = tonumber(highest)
for _, name in ipairs(ARGV) do
  highest = math.max(highest, tonumber(redis.call('ZSCORE', KEYS[1], name) or 0))
end
return string.format('%.0f', highest)`;

/** The scripts as methods of a client on which they were defined. */
export interface TokenScripts {
  tokenCacheRead(key: string, field: string, ticket: string, ticketMilliseconds: number): Promise<string | null>;
  tokenCacheFill(key: string, field: string, ticket: string, value: string, milliseconds: number): Promise<unknown>;
  tokenCacheRelease(key: string, field: string, seen: string): Promise<unknown>;
  tokenCachePublish(marksKey: string, channel: string, message: string): Promise<unknown>;
  tokenCacheProbe(
    marksKey: string,
    channel: string,
    message: string,
    keepMilliseconds: number,
    knownGeneration: number,
  ): Promise<[receivers: number, generation: string]>;
  tokenCacheMark(
    marksKey: string,
    channel: string,
    message: string,
    keepMilliseconds: number,
    knownGeneration: number,
    name: string,
  ): Promise<string>;
  tokenCacheHighestMark(marksKey: string, ...names: string[]): Promise<string | null>;
}

/** Defines the scripts on the cache's own client, and gives them typed. */
export function defineTokenScripts(client: RedisClient): TokenScripts {
  const scripts = {
    ...{ Read: READ, Fill: FILL, Release: RELEASE },
    ...{ Publish: PUBLISH, Probe: PROBE, Mark: MARK, HighestMark: HIGHEST_MARK },
  };
  for (const [name, lua] of Object.entries(scripts)) {
    client.defineCommand(`tokenCache${name}`, { numberOfKeys: 1, lua });
  }
  return client as unknown as TokenScripts;
}
