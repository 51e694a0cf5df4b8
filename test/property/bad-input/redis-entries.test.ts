import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { sha256Key } from '../../../src/core/digest.js';
import { verifiedToken } from '../../../src/core/verified-token.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { parseInvalidationMessage } from '../../../src/resource-server/cache/invalidation-message.js';
import { MessageAuthenticator } from '../../../src/resource-server/cache/message-authenticator.js';
import { RedisHistory } from '../../../src/resource-server/cache/redis-history.js';
import { readStoredToken, writeStoredToken } from '../../../src/resource-server/cache/token-json.js';
import { BookController } from '../../support/bad-input/guarded-books.js';
import { InMemoryServer } from '../../support/bad-input/in-memory.js';
import { ofAnotherType, text, type Written } from '../../support/bad-input/redis-values.js';
import { forInputs, forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, Secrets } from '../../support/bad-input/secrecy.js';
import { hostile, nearly } from '../../support/bad-input/texts.js';
import { type FreshDatabase, freshDatabase, freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** Each input is a request, and a few commands of Redis. */
const SHARE = 0.05;

const KEY = sha256Key('a token');
const stored = (key: string) =>
  writeStoredToken({
    token: verifiedToken({
      key,
      ...{ id: 1, clientId: 'shop', applicationName: 'Shop', userId: undefined, scopes: ['read'] },
      ...{ issuedAtMilliseconds: 0, expiresAtMilliseconds: Date.now() + 86_400_000 },
    }),
    foundAtMilliseconds: Date.now(),
    generation: Date.now() * 1_000,
  }) as string;
const ENTRY = stored(KEY);
const member = fc.oneof(
  hostile,
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>('read', ['read'], 1e300, -1, true),
);
/** JSON of the form of an entry, with some members changed. */
const likeEntry = fc
  .tuple(
    fc.dictionary(
      fc.constantFrom('version', 'foundAtMilliseconds', 'generation', 'keepMilliseconds', '__proto__'),
      member,
      { maxKeys: 2 },
    ),
    fc.dictionary(
      fc.constantFrom(...Object.keys(JSON.parse(ENTRY).token), 'issuer', 'confirmation', 'claims', 'amr', '__proto__'),
      member,
      { maxKeys: 3 },
    ),
  )
  .map(([top, token]) => {
    const entry = JSON.parse(ENTRY) as { readonly token: object };
    return JSON.stringify({ ...entry, ...top, token: { ...entry.token, ...token } });
  });

test('[RS-62] no text is read as an entry unless its form is right: a token then has the types that guards rely on', () => {
  let read = 0;
  forInputs(
    fc.property(fc.oneof(likeEntry, nearly(fc.constant(ENTRY)), fc.json({ maxDepth: 4 })), (text) => {
      const found = readStoredToken(text, KEY);
      if (found === undefined) return;
      read += 1;
      const { token, foundAtMilliseconds, generation } = found;
      const isRight =
        token.key === KEY &&
        token.scopes.every((scope) => typeof scope === 'string') &&
        [token.issuedAtMilliseconds, token.expiresAtMilliseconds, foundAtMilliseconds, generation].every(
          Number.isFinite,
        ) &&
        [token.userId, token.clientId, token.issuer, token.acr].every(
          (one) => one === undefined || typeof one === 'string',
        );
      if (!isRight) throw new Error(`Read: ${text}`);
    }),
  );
  expect(read).toBeGreaterThan(0);
});

test('[RS-62] no message is understood but one that says the same when it is written', () => {
  const good = fc.constantFrom(`t:${KEY}`, `t:${KEY},${sha256Key('b')}`, '1700000000100000 u:alice', '5 a:shop', '1 *');
  let read = 0;
  forInputs(
    fc.property(nearly(good), (text) => {
      const found = parseInvalidationMessage(text);
      if (found === undefined) return;
      read += 1;
      const { invalidation, keys, generation } = found;
      const named = [...keys, ...(invalidation.kind === 'token' ? [invalidation.key] : [])];
      if (!named.every((key) => /^[\w-]{43}$/.test(key))) throw new Error(`Understood: ${text}`);
      if (generation !== undefined && !Number.isFinite(generation)) throw new Error(`Understood: ${text}`);
    }),
  );
  expect(read).toBeGreaterThan(0);
});

test('[RS-62] nothing verifies but what was signed, at its place', () => {
  const authenticator = new MessageAuthenticator('a database', [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]);
  const place = ['a key', 'a field'];
  const signed = authenticator.sign(place, ENTRY);
  forInputs(
    fc.property(
      nearly(fc.constant(signed)),
      fc.array(nearly(fc.constantFrom(...place)), { maxLength: 3 }),
      (text, other) => {
        const isHere = JSON.stringify(other) === JSON.stringify(place);
        if ((authenticator.verify(place, text) !== undefined) !== (text === signed)) throw new Error(`Here: ${text}`);
        if (!isHere && authenticator.verify(other, signed) !== undefined)
          throw new Error(`At ${JSON.stringify(other)}`);
      },
    ),
  );
});

const observed = new Observed();
const keyPrefix = freshKeyPrefix();
let database: FreshDatabase;
let redis: Redis;
let oauth2: OAuth2;
let server: InMemoryServer;
let canary: string;
let secrets: Secrets;
/** Where this process keeps the entry of its token, and the entry. */
let place: { readonly prefix: string; readonly field: string; readonly value: string };

beforeAll(async () => {
  observed.start();
  database = await freshDatabase('sqlite');
  redis = new Redis(redisUrl());
  oauth2 = createOAuth2({
    database: database.url,
    redis: redisUrl(),
    keyPrefix,
    scopes: { read: 'Read' },
    logger: observed.logger,
    cache: { deadlineMilliseconds: 1_000 },
    opaqueTokens: { unchecked: 'accept' },
    throttling: { failedAuthentication: null },
  });
  await oauth2.migrate();
  await oauth2.ready();
  const { application } = await oauth2.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
  const issue = async () => {
    const { access_token: issued } = await oauth2.tokens.issue({ application: application.clientId, scope: 'read' });
    canary = issued;
    secrets = new Secrets([canary.slice(4)]);
  };
  const koa = oauth2.createKoaServer({ controllers: [BookController] });
  koa.silent = true;
  server = new InMemoryServer(koa.callback());
  place = await kept(issue);
}, 60_000);

afterAll(async () => {
  observed.stop();
  server.close();
  await oauth2.close();
  await removeKeys(redisUrl(), keyPrefix);
  redis.disconnect();
  await database.drop();
});

const redisKey = (token: string) => `${place.prefix}token:${sha256Key(token)}`;

async function statusFor(token: string): Promise<number> {
  const { status, text } = await server.send({ requestLine: 'GET /books', fields: [`Authorization: Bearer ${token}`] });
  secrets.expectNone(text, 'the answer');
  secrets.expectNone(observed.take(), 'the log');
  return status;
}

/** Asks until an entry lies in Redis: before it is connected, the process does not use it at all. */
async function kept(issue: () => Promise<void>): Promise<typeof place> {
  for (let count = 0; count < 300; count += 1, await sleep(50)) {
    // Another one each time, since what this process knows it does not look up again.
    await issue();
    await statusFor(canary);
    await sleep(20);
    const [key] = await redis.keys(`${keyPrefix}*token:${sha256Key(canary)}`);
    if (key === undefined) continue;
    const [field, value] = Object.entries(await redis.hgetall(key)).find(([, one]) => !one.startsWith('?')) ?? [];
    // The key of a database of its own.
    const prefix = key.slice(0, key.lastIndexOf('token:'));
    if (field !== undefined && value !== undefined) return { prefix, field, value };
  }
  throw new Error('Nothing is kept in Redis.');
}

type Write = (key: string) => Promise<unknown>;
const written = (text: fc.Arbitrary<string>) =>
  text.map(
    (value): Write =>
      (key) =>
        redis.hset(key, place.field, value),
  );
const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 4, arbitrary: written(nearly(fc.constant(null).map(() => place.value))) },
  { weight: 3, arbitrary: written(likeEntry) },
  { weight: 2, arbitrary: written(nearly(fc.constant(`?${Date.now()}.x`))) },
  { weight: 2, arbitrary: written(hostile) },
  {
    weight: 1,
    arbitrary: hostile.map(
      (field): Write =>
        (key) =>
          redis.hset(key, field, place.value),
    ),
  },
  {
    weight: 1,
    arbitrary: hostile.map(
      (value): Write =>
        (key) =>
          redis.set(key, value),
    ),
  },
  {
    weight: 1,
    arbitrary: hostile.map(
      (value): Write =>
        (key) =>
          redis.rpush(key, value),
    ),
  },
  {
    weight: 1,
    arbitrary: hostile.map(
      (value): Write =>
        (key) =>
          redis.zadd(key, 1, value),
    ),
  },
);

test('[RS-62] whatever is written under the key of a token that does not exist, it is 401', async () => {
  let count = 0;
  await forInputsAsync(
    fc.asyncProperty(write, async (apply) => {
      // Another one each time, so that no answer comes from the memory of the process.
      count += 1;
      const token = `${randomBytes(24).toString('base64url')}${count}`;
      await apply(redisKey(token));
      const status = await statusFor(token);
      if (status !== 401) throw new Error(`${status}`);
    }),
    SHARE,
  );
  expect(observed.uncaught).toEqual([]);
});

test('[RS-62] whatever is said on the channels or written over the marks, a good token stays good and a bad one bad', async () => {
  const said = nearly(
    fc.constantFrom(`t:${KEY}`, '1700000000100000 u:alice', '9999999999999999 *', '1 *', 'm1.abcdefgh.'),
  );
  const names = fc.constantFrom('*', '#', '^', 'a:x', 'u:alice', '__proto__');
  const scores = fc.constantFrom('0', '-1', '1', '9999999999999999', '1e300', 'inf', '-inf', '0.5');
  const mark = fc.tuple(names, scores).map(
    ([name, score]): Written => ({
      what: `${name} is ${score}`,
      // Where there is something else by now, there is no mark to change.
      write: (client, key) => client.zadd(key, score, name).catch(() => undefined),
    }),
  );
  const written = fc.oneof({ weight: 4, arbitrary: mark }, { weight: 1, arbitrary: text(hostile) }, ofAnotherType);
  const keys = await redis.keys(`${place.prefix}*marks`);
  expect(keys).toHaveLength(1);
  await forInputsAsync(
    fc.asyncProperty(said, written, async (message, { what, write }) => {
      await redis.publish(`${place.prefix}token-invalidations`, Buffer.from(message));
      for (const key of keys) await write(redis, key);
      const seen = [await statusFor(canary), await statusFor(`x${message.length}`)];
      if (`${seen}` !== '200,401') throw new Error(`${seen} after ${what}`);
    }),
    SHARE,
  );
  for (const key of keys) await redis.del(key);
  expect(observed.uncaught).toEqual([]);
});

test('[RS-62] whatever stands under the keys of the counts that staff sees, only whole numbers are counted', async () => {
  const history = new RedisHistory({ client: redis, keyPrefix: `${keyPrefix}{history}:`, isAvailable: () => true });
  const now = Date.now();
  const key = `${keyPrefix}{history}:minute:${Math.floor(now / 60_000)}`;
  const count = fc.oneof(fc.constantFrom('5', '-1', '1e9', 'NaN', '0.5', '99999999999999999999'), hostile);
  const field = fc.tuple(fc.oneof(fc.constantFrom('granted', '__proto__', 'constructor'), hostile), count).map(
    ([name, value]): Written => ({
      what: `${name}: ${value}`,
      write: (client, at) => client.hset(at, name, value),
    }),
  );
  const seen = { read: 0, refused: 0 };
  await forInputsAsync(
    fc.asyncProperty(
      fc.oneof({ weight: 4, arbitrary: field }, text(hostile), ofAnotherType),
      async ({ what, write }) => {
        await write(redis, key);
        // What adds to it meanwhile fails by itself at most.
        await history.add(now, { granted: 1 }).catch(() => undefined);
        // The page then shows the counts of its own process.
        const slots = await history.read('minute', now).catch(() => undefined);
        seen[slots === undefined ? 'refused' : 'read'] += 1;
        for (const one of (slots ?? []).flatMap((slot) => Object.values(slot))) {
          if (!Number.isSafeInteger(one) || one < 0) throw new Error(`${one} is counted: ${what}`);
        }
        await redis.del(key);
      },
    ),
    SHARE / 2,
  );
  expect([seen.read > 0, seen.refused > 0, observed.uncaught]).toEqual([true, true, []]);
});
