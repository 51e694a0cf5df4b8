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
 * Publishes, and answers how many connections of this very server received it. The DEL (of a key that does not exist)
 * makes the script fail where writes are refused: on a replica, or on a master that lost its replicas and is told
 * by min-replicas-to-write to stop. There an invalidation could not be done either.
 */
const PUBLISH = `
redis.call('DEL', KEYS[1])
return redis.call('PUBLISH', ARGV[1], ARGV[2])`;

/** The scripts as methods of a client on which they were defined. */
export interface TokenScripts {
  tokenCacheRead(key: string, field: string, ticket: string, ticketMilliseconds: number): Promise<string | null>;
  tokenCacheFill(key: string, field: string, ticket: string, value: string, milliseconds: number): Promise<unknown>;
  tokenCacheRelease(key: string, field: string, seen: string): Promise<unknown>;
  tokenCachePublish(anchor: string, channel: string, message: string): Promise<unknown>;
}

/** Defines the scripts on the cache's own client, and gives them typed. */
export function defineTokenScripts(client: RedisClient): TokenScripts {
  const scripts = { Read: READ, Fill: FILL, Release: RELEASE, Publish: PUBLISH };
  for (const [name, lua] of Object.entries(scripts)) {
    client.defineCommand(`tokenCache${name}`, { numberOfKeys: 1, lua });
  }
  return client as unknown as TokenScripts;
}
