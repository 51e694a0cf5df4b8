/** How a peer finds a token: one prepared statement over its SHA-256, with or without a cache before it. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import mysql from 'mysql2/promise';

const STATEMENT = `SELECT t.user_id, t.scope, t.expires_at_ms, a.client_id
  FROM oauth2_access_tokens t JOIN oauth2_applications a ON a.id = t.application_id
  WHERE t.token_hash = ? AND t.revoked_at_ms IS NULL AND a.disabled_at_ms IS NULL`;

const IN_PROCESS_MILLISECONDS = 1000;
const IN_REDIS_SECONDS = 60;

/**
 * @param settings.cache 'none', 'process' (lru-cache, one second, one look-up at a time per token) or 'redis' (GET, and SET
 *   on a miss)
 * @returns `find(token)` gives `{ user, client, scopes, expiresAt }`, or `undefined`, or a promise of one of them;
 *   from the cache of the process it comes without a promise
 */
export function tokenStore({
  database,
  cache,
  redis,
  prefix,
  cacheEntries = 10_000,
  cacheMilliseconds = IN_PROCESS_MILLISECONDS,
}) {
  // Ten, as in the pool that our package opens.
  const pool = mysql.createPool({ uri: database, connectionLimit: 10 });
  const close = () => pool.end();

  async function lookUp(token) {
    const [[row]] = await pool.execute(STATEMENT, [hash('sha256', token, 'buffer')]);
    if (row === undefined) return undefined;
    return { user: row.user_id, client: row.client_id, scopes: row.scope.split(' '), expiresAt: row.expires_at_ms };
  }

  if (cache === 'process') {
    const held = new LRUCache({ max: cacheEntries, ttl: cacheMilliseconds, fetchMethod: lookUp });
    // The token itself is the key, which saves the digest where it is held.
    return { find: (token) => live(held.get(token)) ?? held.fetch(token).then(live), close };
  }
  if (cache === 'redis') {
    const find = async (token) => {
      const key = `${prefix}token:${hash('sha256', token, 'base64url')}`;
      const text = await redis.get(key);
      if (text !== null) return live(JSON.parse(text));
      const found = await lookUp(token);
      if (found !== undefined) await redis.set(key, JSON.stringify(found), 'EX', IN_REDIS_SECONDS);
      return live(found);
    };
    return { find, close };
  }
  return { find: async (token) => live(await lookUp(token)), close };
}

function live(token) {
  return token !== undefined && token.expiresAt > Date.now() ? token : undefined;
}

/** The bearer token of an Authorization field, if it is one. */
export function bearerOf(field) {
  return field?.startsWith('Bearer ') ? field.slice(7) : undefined;
}
