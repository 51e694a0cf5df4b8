/** One mode of the benchmark in a process of its own: `node bench/server.mjs '{"mode": …}'`; talks to its parent by IPC. */
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import mysql from 'mysql2/promise';
import { createKoaServer } from 'routing-controllers';
import { createOAuth2, databaseTokens, introspectedTokens, jwtTokens } from 'routing-controllers-oauth2';
import { controllerOf } from './lib/controller.mjs';
import { sha256 } from './lib/digest.mjs';
import { serveMeasured } from './lib/measured.mjs';
import { inSpan, observedOAuth2, startSdk } from './lib/observing.mjs';

const settings = JSON.parse(process.argv[2]);
const UNREACHED = '1000000000/hour';
const throttling = { policies: { user: UNREACHED, client: UNREACHED } };

/** Each mode returns the Koa application, a function that closes its resources, and perhaps what is done around a request. */
const modes = {
  unguarded: () => ({ koa: createKoaServer({ controllers: [controllerOf()] }) }),
  public: () => guarded({ database: settings.database }, { scope: undefined, open: true }),
  guarded: () => guarded({ database: settings.database }, {}),
  'guarded, at the defaults': atDefaults,
  'refused: no token': atDefaults,
  'refused: forged token': atDefaults,
  'refused: unknown token': atDefaults,
  'refused: scope': atDefaults,
  'refused: forged token, no budget': () =>
    guarded({ database: settings.database, throttling: { ...throttling, failedAuthentication: null } }, {}),
  'refused: over the limit': () =>
    guarded({ database: settings.database, throttling: { policies: { once: '1/day' } } }, { throttles: ['once'] }),
  'guarded, throttled in memory': () => guarded({ database: settings.database }, { throttles: ['user'] }),
  'guarded, throttled on Redis, one policy': () =>
    guarded({ database: settings.database, redis: settings.redis }, { throttles: ['user'] }),
  'guarded, throttled on Redis, two policies': () =>
    guarded({ database: settings.database, redis: settings.redis }, { throttles: ['user', 'client'] }),
  'guarded, introspected': introspected,
  'guarded, three verifiers': () => guarded({ database: settings.database, verifiers: chainOfThree() }, {}),
  'guarded, DPoP': () => guarded({ database: settings.database, dpop: { publicUrl: settings.publicUrl } }, {}),
  'guarded, observed': () => observed(),
  'guarded, with an SDK': () => {
    startSdk();
    return guarded({ database: settings.database }, {});
  },
  'guarded, in a span': () => {
    startSdk();
    return { ...guarded({ database: settings.database }, {}), around: inSpan };
  },
  'guarded, observed, in a span': () => ({ ...observed(), around: inSpan }),
  'cold token': () => guarded({ database: settings.database }, {}),
  'cold token, with Redis (cache.maxAgeSeconds: 1)': () =>
    guarded({ database: settings.database, redis: settings.redis, cache: { maxAgeSeconds: 1 } }, {}),
  'raw mysql2 look-up': rawLookUp,
};

function guarded(options, action) {
  const oauth2 = createOAuth2({ keyPrefix: settings.keyPrefix, throttling, ...options });
  return {
    koa: oauth2.createKoaServer({ controllers: [controllerOf({ scope: 'api', ...action })] }),
    close: () => oauth2.close(),
  };
}

function atDefaults() {
  return guarded({ database: settings.database, throttling: undefined }, {});
}

/** The token is one of the last verifier. Each one before it is asked about its form when it is not cached. */
function chainOfThree() {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' };
  const issuer = 'https://issuer.example';
  return [
    jwtTokens({ issuer, audience: 'https://api.example', jwks: { keys: [jwk] } }),
    introspectedTokens({
      endpoint: 'https://other.example/introspect',
      clientId: 'bench',
      clientSecret: 'bench',
      accepts: ({ token }) => token.startsWith('other_'),
    }),
    databaseTokens(),
  ];
}

/** With events, metrics, traces and structured logs all on. */
function observed() {
  startSdk();
  const { oauth2, close } = observedOAuth2({ keyPrefix: settings.keyPrefix, throttling, database: settings.database });
  return { koa: oauth2.createKoaServer({ controllers: [controllerOf({ scope: 'api' })] }), close };
}

/** Tokens of another server, which answers in a thread of its own and is asked once. */
async function introspected() {
  const endpoint = new Worker(new URL('./lib/introspection-endpoint.mjs', import.meta.url));
  const [port] = await once(endpoint, 'message');
  const remote = introspectedTokens({
    endpoint: `http://127.0.0.1:${port}/`,
    clientId: 'bench',
    clientSecret: 'bench',
    cacheSeconds: 3600,
  });
  const { koa, close } = guarded({ database: settings.database, verifiers: [remote] }, {});
  const closeAll = async () => {
    await close();
    await endpoint.terminate();
  };
  return { koa, close: closeAll };
}

/**
 * What a hand-written guard would do for a token that is not cached: one prepared statement on a pool of the same size.
 */
function rawLookUp() {
  const pool = mysql.createPool({ uri: settings.database, connectionLimit: 10 });
  const statement = `SELECT t.id, t.user_id, t.scope, t.expires_at_ms, t.revoked_at_ms, a.client_id, a.name, a.disabled_at_ms
    FROM oauth2_access_tokens t LEFT JOIN oauth2_applications a ON a.id = t.application_id WHERE t.token_hash = ?`;
  const before = async (context, next) => {
    const token = context.headers.authorization.slice(7);
    const [rows] = await pool.execute(statement, [sha256(token)]);
    if (rows.length === 0) context.throw(401);
    return next();
  };
  return { koa: createKoaServer({ controllers: [controllerOf({ before })] }), close: () => pool.end() };
}

const { koa, close, around = (handler) => handler } = await modes[settings.mode]();
serveMeasured(around(koa.callback()), close);
