/**
 * What a JWT access token costs that is verified, against one that is cached: `tokens.verify` in one process, in turns, with
 * the CPU time of the process. A guard pays less for a cached one, since it remembers the digest per connection.
 */
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createOAuth2, jwtTokens } from 'routing-controllers-oauth2';
import { median } from './summary.mjs';

const ISSUER = 'https://issuer.example';
const API = 'https://api.example';
const TOKENS_PER_ROUND = 400;
const CACHED_PER_ROUND = 100_000;
const ROUNDS = 9;
const AT_LEAST = 50;

/** One row per algorithm. */
export async function compareJwtTokens() {
  return [await compare('ES256'), await compare('RS256')];
}

async function compare(alg) {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg, use: 'sig' };
  const oauth2 = createOAuth2({
    database: 'sqlite::memory:',
    verifiers: [jwtTokens({ issuer: ISSUER, audience: API, jwks: { keys: [jwk] } })],
  });
  const sign = () =>
    new SignJWT({ client_id: 'bench', scope: 'read', jti: randomUUID() })
      .setProtectedHeader({ alg, typ: 'at+jwt', kid: 'bench' })
      .setIssuer(ISSUER)
      .setAudience(API)
      .setSubject('5')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);
  const verified = [];
  const cached = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const tokens = await Promise.all(Array.from({ length: TOKENS_PER_ROUND }, sign));
    verified.push(await microseconds(TOKENS_PER_ROUND, (index) => oauth2.tokens.verify(tokens[index])));
    cached.push(await microseconds(CACHED_PER_ROUND, (index) => oauth2.tokens.verify(tokens[index % 100])));
  }
  await oauth2.close();
  // The first rounds compile.
  const verifiedMicroseconds = median(verified.slice(2));
  const cachedMicroseconds = median(cached.slice(2));
  const ratio = verifiedMicroseconds / cachedMicroseconds;
  return {
    algorithm: alg,
    verifiedMicroseconds,
    cachedMicroseconds,
    ratio,
    atLeast: AT_LEAST,
    reached: ratio >= AT_LEAST,
  };
}

/** CPU microseconds per call, all threads of the process included. */
async function microseconds(calls, call) {
  const before = process.cpuUsage();
  for (let index = 0; index < calls; index += 1) await call(index);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}
