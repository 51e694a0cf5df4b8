import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { EVENT_NAMES } from '../../../src/core/events/event-map.js';
import type { OAuth2, OAuth2Options } from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';
import { freshDatabase, freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import { until } from '../../support/throttling/engines.js';
import { Shelf, throttling } from './shelf.js';

const closers: (() => Promise<unknown>)[] = [];

async function start(options: Partial<OAuth2Options> = {}) {
  const made = await testOAuth2({ throttling, opaqueTokens: { unchecked: 'accept' }, ...options });
  await made.oauth2.ready();
  const served: Served = await serve(made.oauth2.createKoaServer({ controllers: [Shelf] }));
  closers.push(
    () => served.close(),
    () => made.oauth2.close(),
  );
  return { ...made, served, events: record(made.oauth2) };
}

function record(oauth2: OAuth2): { name: string; event: Record<string, unknown> }[] {
  const events: { name: string; event: Record<string, unknown> }[] = [];
  for (const name of EVENT_NAMES) oauth2.events.on(name, (event) => events.push({ name, event: { ...event } }));
  return events;
}

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('the guards tell', () => {
  test('that a request passed, who it is from and what it asked for', async () => {
    const { served, issue, events } = await start();
    await served.get('/books/7?x=1', { headers: bearerHeader(await issue('read', 'alice')) });
    await served.get('/open');
    const granted = events.filter(({ name }) => name === 'access.granted').map(({ event }) => event);
    const action = { controller: 'Shelf', method: 'book', verb: 'GET', path: '/books/:id' };
    expect(granted).toEqual([
      {
        ...{ action, authType: 'oauth2', userId: 'alice', clientId: expect.any(String), requestMethod: 'GET' },
        ...{ address: expect.stringMatching(/^ip:/), issuer: undefined, subject: undefined, requestId: undefined },
      },
      expect.objectContaining({ authType: undefined, userId: undefined, clientId: undefined }),
    ]);
  });

  test('which policies refused a request, and no event about one that they allowed', async () => {
    const { served, issue, events, oauth2 } = await start();
    const headers = bearerHeader(await issue('read', 'alice'));
    for (let count = 0; count < 3; count += 1) await served.get('/twice', { headers });
    const refused = events.filter(({ name }) => name === 'throttle.refused').map(({ event }) => event);
    expect(refused).toEqual([{ policies: ['twice'], retryAfterSeconds: expect.any(Number) }]);
    const [tally] = oauth2.readings.statistics.policies.all();
    expect(tally).toMatchObject({ policy: 'twice', allowed: 2, refused: 1, undecided: 0, recentPeak: 1 });
  });

  test('from which level the answer about a token came, and what it was', async () => {
    const { served, issue, events, oauth2 } = await start();
    const headers = bearerHeader(await issue('read', 'alice'));
    for (let count = 0; count < 2; count += 1) await served.get('/books/1', { headers });
    await served.get('/books/1', { headers: bearerHeader('A'.repeat(43)) });
    const verified = events.filter(({ name }) => name === 'token.verified').map(({ event }) => event);
    const verifier = 'databaseTokens()';
    expect(verified).toEqual([
      expect.objectContaining({ level: 'verifier', result: 'active', verifier, userId: 'alice' }),
      expect.objectContaining({ level: 'process', result: 'active', milliseconds: 0 }),
      expect.objectContaining({ level: 'verifier', result: 'invalid', verifier, clientId: undefined }),
    ]);
    const { lookUps, durations, access } = oauth2.readings.statistics;
    expect(lookUps.process).toEqual({ active: 1, invalid: 0, expired: 0, unavailable: 0 });
    expect(lookUps.verifier).toEqual({ active: 1, invalid: 1, expired: 0, unavailable: 0 });
    expect(durations.verifier.count).toBe(2);
    expect(access).toMatchObject({ granted: 2, invalid_token: 1, public: 0 });
  });

  test('that Redis had the answer of another process', async () => {
    const database = await freshDatabase('sqlite');
    const keyPrefix = freshKeyPrefix();
    closers.push(
      () => database.drop(),
      () => removeKeys(redisUrl(), keyPrefix),
    );
    const shared = { database: database.url, redis: redisUrl(), keyPrefix };
    const first = await start(shared);
    const second = await start(shared);
    await until(
      () => [first, second].every(({ oauth2 }) => oauth2.readings.cache.isProven),
      'both channels are proven',
    );
    // An answer is stored in Redis in the background.
    await until(async () => {
      const token = await first.issue('read', 'alice');
      expect((await first.served.get('/books/1', { headers: bearerHeader(token) })).status).toBe(200);
      await nextTurn();
      await second.oauth2.tokens.verify(token);
      return second.oauth2.readings.statistics.lookUps.redis.active > 0;
    }, 'Redis had an answer');
    await nextTurn();
    expect(second.events).toContainEqual({
      name: 'token.verified',
      event: expect.objectContaining({ level: 'redis', result: 'active', userId: 'alice' }),
    });
  });
});

describe('the token service tells', () => {
  test('what it issues and revokes, one at a time and by owner', async () => {
    const { oauth2, issue, application, events } = await start();
    const { clientId } = application;
    const token = await issue('read', 'alice');
    await issue('read', 'alice');
    await oauth2.tokens.revoke(token);
    await oauth2.tokens.revoke(token);
    await oauth2.tokens.revokeAllOf({ user: 'alice' });
    await nextTurn();
    const told = events.filter(({ name }) => name.startsWith('token'));
    const issued = { clientId, userId: 'alice', grantType: 'host', scopes: ['read'], familyId: undefined };
    expect(told).toEqual([
      { name: 'token.issued', event: issued },
      { name: 'token.issued', event: issued },
      { name: 'token.revoked', event: { clientId, userId: 'alice', token: 'access_token', familyId: undefined } },
      { name: 'tokens.revoked', event: { clientId: undefined, userId: 'alice', count: 1 } },
    ]);
    expect(oauth2.readings.tokensRevoked).toBe(2);
  });
});
