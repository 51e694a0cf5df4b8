import type { RedisClient } from './redis-connections.js';

/**
 * The key of a token holds a hash with one field per (policy, server epoch), so that one DEL removes the answers of all
 * policies. A field contains a token as JSON, or the ticket of the process that is looking the token up. What a script
 * does with one key is atomic; correctness needs nothing else. Reading and filling take several keys, which have nothing
 * to do with each other, because each call has its own cost; in a cluster they are in different slots, so there it is one.
 */

/**
 * For each key: reads a field (of `ARGV`: lifetime of a ticket, field, ticket); if it is empty, stores the ticket there and
 * answers nil. A key that cannot be read or written spoils only its own answer, which is then an error. If nothing can be
 * written here, the call fails, so that the connection is replaced.
 */
const READ = `
local answers = {}
local field = ARGV[2]
for i, key in ipairs(KEYS) do
  local held = redis.pcall('HGET', key, field)
  if not held then
    held = redis.pcall('HSET', key, field, ARGV[3])
    if type(held) ~= 'table' then
      held = false
      if redis.call('PTTL', key) < tonumber(ARGV[1]) then redis.call('PEXPIRE', key, ARGV[1]) end
    elseif string.find(held.err, 'READONLY') then
      return held
    end
  end
  answers[i] = held
end
return answers`;

/**
 * For each key (of `ARGV`: the field, then for each key ticket, value, lifetime): replaces the ticket by the value, if the
 * same ticket is still there. Answers how many were.
 */
const FILL = `
local filled = 0
for i, key in ipairs(KEYS) do
  local at = 3 * i
  if redis.pcall('HGET', key, ARGV[1]) == ARGV[at - 1] then
    redis.call('HSET', key, ARGV[1], ARGV[at])
    if redis.call('PTTL', key) < tonumber(ARGV[at + 1]) then redis.call('PEXPIRE', key, ARGV[at + 1]) end
    filled = filled + 1
  end
end
return filled`;

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

/** How many connections of the server that publishes listen to a channel. */
const LISTENERS = `
return redis.call('PUBSUB', 'NUMSUB', ARGV[1])[2]`;

/** The highest generation of some names, and of marks that may be missing; nil if there is no set. */
const HIGHEST_MARK = `
local highest = redis.call('ZSCORE', KEYS[1], '^')
if not highest then return false end
highest = tonumber(highest)
for _, name in ipairs(ARGV) do
  highest = math.max(highest, tonumber(redis.call('ZSCORE', KEYS[1], name) or 0))
end
return string.format('%.0f', highest)`;

const KEYS_PER_CALL = 64;

/** The scripts as methods of a client on which they were defined. */
export interface TokenScripts {
  /** See `withKeys`. For each key: the text, nothing if the ticket was stored, or why neither. */
  tokenCacheRead(...values: readonly (string | number)[]): Promise<readonly (string | null | Error)[]>;
  /** See `withKeys`. */
  tokenCacheFill(...values: readonly (string | number)[]): Promise<unknown>;
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
  tokenCacheListeners(marksKey: string, channel: string): Promise<number>;
  tokenCacheHighestMark(marksKey: string, ...names: string[]): Promise<string | null>;
}

/** Defines the scripts on the cache's own client, and returns it typed. */
export function defineTokenScripts(client: RedisClient): TokenScripts {
  const ofOneKey = {
    ...{ Release: RELEASE, Publish: PUBLISH, Probe: PROBE, Mark: MARK },
    ...{ HighestMark: HIGHEST_MARK, Listeners: LISTENERS },
  };
  for (const [name, lua] of Object.entries(ofOneKey)) {
    client.defineCommand(`tokenCache${name}`, { numberOfKeys: 1, lua });
  }
  // In a cluster ioredis finds the node by the first value, which must be the key.
  const ofKeys = client.isCluster ? { numberOfKeys: 1 } : {};
  client.defineCommand('tokenCacheRead', { ...ofKeys, lua: READ });
  client.defineCommand('tokenCacheFill', { ...ofKeys, lua: FILL });
  return client as unknown as TokenScripts;
}

/** The values of a script that takes several keys: at most `keysPerCall`. */
export function withKeys(
  client: RedisClient,
  keys: readonly string[],
  values: readonly (string | number)[],
): (string | number)[] {
  return client.isCluster ? [...keys, ...values] : [keys.length, ...keys, ...values];
}

/** How many keys a call takes; the server does nothing else meanwhile. */
export function keysPerCall(client: RedisClient): number {
  return client.isCluster ? 1 : KEYS_PER_CALL;
}
