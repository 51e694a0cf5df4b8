/** An issuer of JWT access tokens (RFC 9068), which publishes its keys on the loopback. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { writeTokens } from './token-files.mjs';
import { userAt } from './users.mjs';

const AUDIENCE = 'https://api.example';
const KEYS_PATH = '/.well-known/jwks.json';
const BATCH = 1000;
const HOUR_SECONDS = 3600;

/**
 * @returns `settingsOf(algorithm)` is what a contender is told, `files` are its tokens and `refused` one token by each reason to
 *   refuse it, by the name of the mode's file
 */
export async function startJwtIssuer(pathOf, algorithms, { jwts, hot }) {
  const keys = await Promise.all(algorithms.map(newKey));
  const body = JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
  const server = createServer((request, response) => {
    response.writeHead(request.url === KEYS_PATH ? 200 : 404, { 'Content-Type': 'application/json' });
    response.end(request.url === KEYS_PATH ? body : '{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const [files, refused] = [{}, {}];
  for (const key of keys) {
    const name = `jwt-${key.algorithm.toLowerCase()}`;
    files[name] = await writeTokens(pathOf(name), signed(key, issuer, jwts), { hot, option: 'jwts' });
    refused[name] = await refusedTokens(key, issuer);
  }
  return {
    ...{ files, refused },
    settingsOf: (algorithm) => ({ issuer, audience: AUDIENCE, jwksUri: `${issuer}${KEYS_PATH}`, algorithm }),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function newKey(algorithm) {
  const { privateKey, publicKey } = await generateKeyPair(algorithm);
  const kid = `bench-${algorithm}`;
  return { algorithm, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' } };
}

async function* signed(key, issuer, total) {
  for (let first = 0; first < total; first += BATCH) {
    const count = Math.min(BATCH, total - first);
    yield await Promise.all(Array.from({ length: count }, (_, index) => sign(key, { issuer, place: first + index })));
  }
}

async function refusedTokens(key, issuer) {
  const stranger = await newKey(key.algorithm);
  const tokens = {
    'signed by another key': sign(stranger, { issuer }),
    expired: sign(key, { issuer, lifetimeSeconds: -60 }),
    'for another audience': sign(key, { issuer, audience: 'https://other.example' }),
    'of another issuer': sign(key, { issuer: 'https://other.example' }),
    'of another type': sign(key, { issuer, typ: 'JWT' }),
    'without the scope': sign(key, { issuer, scope: 'profile' }),
  };
  const entries = Object.entries(tokens).map(async ([reason, token]) => [reason, await token]);
  return {
    'made up': `${'A'.repeat(40)}.${'A'.repeat(80)}.${'A'.repeat(86)}`,
    ...Object.fromEntries(await Promise.all(entries)),
  };
}

function sign(
  { algorithm, kid, privateKey },
  { issuer, place = 0, scope = 'api profile', audience = AUDIENCE, typ = 'at+jwt', lifetimeSeconds = HOUR_SECONDS },
) {
  const now = Math.floor(Date.now() / 1000);
  const begin = lifetimeSeconds > 0 ? now : now + 2 * lifetimeSeconds;
  // As many characters for each token.
  return new SignJWT({ client_id: 'bench', scope, jti: `bench-${String(place).padStart(12, '0')}` })
    .setProtectedHeader({ alg: algorithm, typ, kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(userAt(place))
    .setIssuedAt(begin)
    .setExpirationTime(begin + Math.abs(lifetimeSeconds))
    .sign(privateKey);
}
