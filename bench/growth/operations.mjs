/** What each operation costs on a database of some size, one call at a time, through the product's own functions. */
import { createHash, randomBytes } from 'node:crypto';
import { createOAuth2 } from 'routing-controllers-oauth2';
import { FamilyRepository, TokenRepository, TokenSearch } from '../../dist/storage/index.js';
import { quantile } from '../lib/summary.mjs';
import { onOneConnection } from './databases.mjs';
import { accessToken, RESOURCE, shapeOf } from './seed.mjs';

const LEAST_CALLS = 50;
const MOST_CALLS = 400;
const MILLISECONDS = 4_000;
const WARM_UP_CALLS = 15;

/** The operations, in the order in which they are shown. */
export const OPERATIONS = [
  'look-up',
  'look-up of an unknown token',
  'issue',
  'refresh',
  'revoke',
  'list of a user',
  'list of a user with 1 % of all tokens',
  'search by application',
  'revoke all of a user',
];

/** Measures each operation on a connection of its own. */
export async function measureOperations(database, url, rows) {
  const oauth2 = uncached(onOneConnection(database.kind, url));
  try {
    await oauth2.ready();
    const calls = callsOf(oauth2, rows);
    const operations = {};
    for (const name of OPERATIONS) operations[name] = await measured(calls[name], () => database.read(oauth2.knex));
    return operations;
  } finally {
    await oauth2.close();
  }
}

/**
 * The product as a guard sees it for tokens that it has not seen before: nearly nothing is cached, tokens need no check
 * characters, which those of the table do not have, and failures have no budget.
 */
export function uncached(database) {
  return createOAuth2({
    database,
    cache: { maxEntries: 16, negativeMaxEntries: 16, negativeMaxAgeSeconds: 0 },
    resource: RESOURCE,
    opaqueTokens: { unchecked: 'accept' },
    logger: { info() {}, warn: console.warn, error: console.error },
    throttling: { failedAuthentication: null },
  });
}

/** A function for each operation that makes one call; no two calls are about the same token. */
export function callsOf(oauth2, rows) {
  const shape = shapeOf(rows);
  const tokens = new TokenRepository(oauth2.models);
  const families = new FamilyRepository(oauth2.models, tokens);
  const search = new TokenSearch(oauth2.models);
  const live = liveNumbers(shape);
  const someUser = () => `u${1 + Math.floor(Math.random() * (shape.users - 1))}`;
  let family = Math.floor(Math.random() * shape.families);
  return {
    // Some have been revoked by other calls.
    'look-up': () => oauth2.tokens.verify(accessToken(live())).catch(refused),
    'look-up of an unknown token': () => oauth2.tokens.verify(randomBytes(32).toString('base64url')).catch(refused),
    issue: () => oauth2.tokens.issue({ application: 'application-5', user: someUser(), scope: 'read' }),
    refresh: async () => {
      family = (family + 7) % shape.families;
      const { status } = await rotate(families, shape, family);
      // The token of a family is revoked with a share of all.
      if (status !== 'done' && status !== 'void' && status !== 'spent') throw new Error(`A refresh was ${status}.`);
    },
    revoke: () => oauth2.tokens.revoke(accessToken(live())),
    'list of a user': () => oauth2.tokens.listFor(someUser()),
    'list of a user with 1 % of all tokens': () => oauth2.tokens.listFor(shape.heavyUser),
    'search by application': () => search.search({ clientId: shape.formerApplication }, { limit: 51 }),
    'revoke all of a user': () => oauth2.tokens.revokeAllOf({ user: someUser() }),
  };
}

/** Numbers of access tokens that are neither expired nor revoked, in a random order without repetition. */
function liveNumbers({ access, expired }) {
  const first = expired / 2 + 1;
  const count = access - expired / 2;
  // A step that has no divisor in common with the count visits every number once.
  let step = Math.floor(count * 0.618) | 1;
  while (divisor(step, count) !== 1) step += 2;
  let place = Math.floor(Math.random() * count);
  return () => {
    do place = (place + step) % count;
    while ((first + place) % 20 === 7);
    return first + place;
  };
}

function divisor(left, right) {
  return right === 0 ? left : divisor(right, left % right);
}

/** What the refresh grant stores: the present refresh token is spent, an access and a refresh token are new. */
function rotate(families, { refresh, families: count }, family) {
  const now = Date.now();
  const number = refresh - count + (family === 0 ? count : family);
  const token = {
    applicationId: 5,
    userId: 'u5',
    scope: 'read write',
    createdAtMilliseconds: now,
    expiresAtMilliseconds: now + 3_600_000,
  };
  return families.exchange(
    {
      familyId: `f${String(family).padStart(21, '0')}`,
      accessTokens: [{ ...token, tokenHash: randomBytes(32) }],
      refreshToken: { ...token, tokenHash: randomBytes(32), familyExpiresAtMilliseconds: now + 86_400_000 },
    },
    {
      kind: 'refresh_token',
      hash: createHash('sha256').update(`refresh-${number}`).digest(),
      successorSalt: 's'.repeat(43),
      graceMilliseconds: 0,
      successorHashes: () => [],
    },
  );
}

function refused(error) {
  if (error.name !== 'InvalidTokenError') throw error;
}

/** @param read what the only connection has read so far */
async function measured(call, read) {
  const latencies = [];
  for (let count = 0; count < WARM_UP_CALLS; count += 1) await call();
  const before = await read();
  const end = performance.now() + MILLISECONDS;
  while (latencies.length < LEAST_CALLS || (latencies.length < MOST_CALLS && performance.now() < end)) {
    const begin = performance.now();
    await call();
    latencies.push(performance.now() - begin);
  }
  const after = await read();
  return {
    calls: latencies.length,
    readPerCall: (after - before) / latencies.length,
    p50Milliseconds: quantile(latencies, 0.5),
    p99Milliseconds: quantile(latencies, 0.99),
  };
}
