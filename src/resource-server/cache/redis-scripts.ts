import type { RedisClient } from './redis-connections.js';

/**
 * The key of a token holds a hash with one field per (policy, server epoch), so that one DEL removes the answers of all
 * policies. A field contains a token as JSON, or the ticket of the process that is looking the token up. Each script
 * touches one key and runs atomically; correctness needs nothing else.
 */

/** Reads a field; if it is empty, stores the ticket there and returns nil. */
const READ = `
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held then return held end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return false`;

/** Replaces the ticket by a value, if the same ticket is still there. */
const FILL = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1`;

/** Removes a field, if it still holds the value that was read. */
const RELEASE = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`;

/**
 * The marks of invalidations are in one sorted set: names with their generations; `#` with the last generation that was
 * assigned; `^` with the generation up to which marks may be missing. A generation is the server's time in
 * microseconds, and never less than an earlier one. If the set was lost and the clock set back, the generation that the
 * caller knows is ahead of both; other processes may know a somewhat higher one, so counting continues far above it.
 *
 * A number beyond the year 2223 was not assigned here. There might be no number above it (from 2^53 on the next one is
 * the same), so it is removed, and whatever it may have replaced counts as lost.
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
 * Publishes a probe, and returns how many connections of this server received it, and the generation. It writes, so
 * that it fails where writes are refused: on a replica, or on a master that lost its replicas and has to stop writes
 * because of min-replicas-to-write. An invalidation would fail there too.
 */
const PROBE = `${GENERATION}
local generation = remember(math.max(now, last))
return {redis.call('PUBLISH', ARGV[1], ARGV[2]), generation}`;

/** Publishes what needs no mark. Like a probe it fails where writes are refused, although it has nothing to write. */
const PUBLISH = `
redis.call('ZREM', KEYS[1], '')
return redis.call('PUBLISH', ARGV[1], ARGV[2])`;

/**
 * Sets a mark, publishes the message with its generation in front, and returns the generation. Marks older than any
 * entry are removed; an entry that is older nevertheless counts as overtaken.
 */
const MARK = `${GENERATION}
local began = redis.call('ZSCORE', KEYS[1], '^')
local oldest = now - ARGV[3] * 1000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('(%.0f', oldest))
if began then redis.call('ZADD', KEYS[1], string.format('%.0f', math.max(began, oldest)), '^') end
local generation = remember(math.max(now, last + 1), ARGV[5])
redis.call('PUBLISH', ARGV[1], generation .. ' ' .. ARGV[2])
return generation`;

/** The highest generation of some names, and of marks that may be missing; nil if there is no set. */
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

/** Defines the scripts on the cache's own client, and returns it typed. */
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
