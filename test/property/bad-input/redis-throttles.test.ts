import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import type { ThrottleAlgorithm } from '../../../src/throttling/algorithm.js';
import { leasedEngine, rateLimiterFlexibleEngine, redisEngine } from '../../../src/throttling/index.js';
import { isAnswer } from '../../../src/throttling/store-errors.js';
import type { Charge, ThrottleEngine } from '../../../src/throttling/throttle-engine.js';
import { UndecidedError } from '../../../src/throttling/undecided-error.js';
import { BookController } from '../../support/bad-input/guarded-books.js';
import { InMemoryServer } from '../../support/bad-input/in-memory.js';
import {
  damaged,
  ofAnotherType,
  overwrittenMember,
  packed,
  text,
  type Written,
} from '../../support/bad-input/redis-values.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, Secrets } from '../../support/bad-input/secrecy.js';
import { hostile } from '../../support/bad-input/texts.js';
import { freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import { charge } from '../../support/throttling/engines.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** Each input is about thirty commands of Redis. */
const SHARE = 0.03;
/** Each input is about thirty requests. */
const SLOW_SHARE = 0.01;

const LIMIT = 5;
const observed = new Observed();
const keyPrefix = freshKeyPrefix();
let redis: Redis;
let count = 0;

beforeAll(() => {
  observed.start();
  redis = new Redis(redisUrl());
});

afterAll(async () => {
  observed.stop();
  await removeKeys(redisUrl(), keyPrefix);
  redis.disconnect();
});

const number = fc.constantFrom(
  '-1',
  '-1000000',
  '0',
  '5',
  '9223372036854775807',
  '1.5',
  'nan',
  'inf',
  '0x10',
  ' 1',
  '',
);
const anything: fc.Arbitrary<Written> = fc.oneof(
  { weight: 3, arbitrary: text(number) },
  { weight: 2, arbitrary: text(hostile) },
  { weight: 3, arbitrary: overwrittenMember(4) },
  { weight: 2, arbitrary: packed },
  { weight: 2, arbitrary: damaged },
  { weight: 2, arbitrary: ofAnotherType },
);

interface Kind {
  readonly name: string;
  readonly algorithms: readonly ThrottleAlgorithm[];
  /** Another one, as another process has it. */
  readonly make: (prefix: string) => ThrottleEngine;
  readonly keyOf: (prefix: string, charge: Charge) => string;
  /** What is admitted at most, whatever was written. */
  readonly most: number;
}

const flexible = (prefix: string) => {
  const storeClient = new Redis(redisUrl(), { enableAutoPipelining: true });
  const engine = rateLimiterFlexibleEngine(
    (points, duration, own) => new RateLimiterRedis({ storeClient, points, duration, keyPrefix: own }),
    { keyPrefix: prefix },
  );
  return Object.assign(engine, { close: async () => storeClient.disconnect() });
};

const KINDS: readonly Kind[] = [
  {
    name: 'the engine that asks for each request',
    algorithms: ['fixed-window', 'sliding-window'],
    make: (prefix) => redisEngine({ redis: redisUrl(), keyPrefix: prefix }),
    keyOf: (prefix, { tag, key }) => `${prefix}{${tag}}${key}`,
    most: LIMIT,
  },
  {
    name: 'leases',
    algorithms: ['fixed-window', 'sliding-window'],
    make: (prefix) => leasedEngine({ redis: redisUrl(), keyPrefix: prefix, logger: observed.logger }),
    keyOf: (prefix, { tag, key }) => `${prefix}{${tag}}lease:${key}`,
    most: LIMIT,
  },
  {
    name: 'limiters of rate-limiter-flexible',
    algorithms: ['fixed-window'],
    make: flexible,
    keyOf: (prefix, { key }) => `${prefix}:${key}`,
    // Refunds under way may take a counter below zero, by the limit at most.
    most: 2 * LIMIT,
  },
];

/** Whether a request is admitted; `undefined` if nothing is known about its counter. */
async function decidedBy(engine: ThrottleEngine, one: Charge): Promise<boolean | undefined> {
  try {
    const { allowed, results } = await engine.consume([one]);
    const isFit = results.every(({ remaining, resetMilliseconds }) => remaining >= 0 && resetMilliseconds >= 0);
    if (!isFit) throw new Error(`It tells ${JSON.stringify(results)}`);
    return allowed;
  } catch (error) {
    // An answer about this counter alone: what else is asked goes on as before.
    if (!isAnswer(error)) throw error;
    return undefined;
  }
}

/** How many of these requests, one after the other, are admitted; the others are refused, or nothing is known about them. */
async function admittedOf(engine: ThrottleEngine, one: Charge, requests: number): Promise<number> {
  let admitted = 0;
  for (let asked = 0; asked < requests; asked += 1) if (await decidedBy(engine, one)) admitted += 1;
  return admitted;
}

describe.each(KINDS)('counters in Redis, with $name', ({ algorithms, make, keyOf, most }) => {
  const prefix = `${keyPrefix}${randomBytes(4).toString('hex')}:`;
  let here: ThrottleEngine;
  let there: ThrottleEngine;

  beforeAll(async () => {
    here = make(prefix);
    there = make(prefix);
    await Promise.all([here.ready?.(), there.ready?.()]);
  });

  afterAll(() => Promise.all([here.close?.(), there.close?.()]));

  test.each(algorithms)(
    '[TH-80] whatever stands under the key of a counter, no more is admitted than if it were lost, and others are decided as ever: %s',
    async (algorithm) => {
      const seen = { decided: 0, admitted: 0, undecided: 0 };
      await forInputsAsync(
        fc.asyncProperty(fc.nat(LIMIT - 1), anything, async (spent, { what, write }) => {
          count += 1;
          const one = charge(`caller${count}`, LIMIT, 60, 1, 'user', algorithm);
          const other = charge(`other${count}`, LIMIT, 60, 1, 'user', algorithm);
          // What is spent here is known to the other process by what is in Redis.
          expect(await admittedOf(here, one, spent)).toBe(spent);
          await write(redis, keyOf(prefix, one));
          const [first, beside] = await Promise.all([
            decidedBy(there, one),
            // In the same turn, and so in the same call where calls travel together.
            there.consume([other]),
          ]);
          expect(beside.allowed).toBe(true);
          const admitted = (first === true ? 1 : 0) + (await admittedOf(there, one, 3 * LIMIT));
          if (admitted > most) throw new Error(`${admitted} of ${LIMIT} admitted after ${spent}: ${what}`);
          seen[first === undefined ? 'undecided' : 'decided'] += 1;
          if (admitted > 0) seen.admitted += 1;
          await redis.del(keyOf(prefix, one));
        }),
        SHARE,
      );
      expect(observed.uncaught).toEqual([]);
      for (const [name, times] of Object.entries(seen)) expect([name, times > 0]).toEqual([name, true]);
    },
  );
});

describe('what the processes that lease share beside the counters', () => {
  const likeMarker = fc.oneof({ weight: 2, arbitrary: anything }, { weight: 1, arbitrary: overwrittenMember(4) });
  // What has the form of another marker says that another process has noticed a loss.
  const noMarker = fc.oneof(text(hostile), ofAnotherType);

  test.each([
    { whenLedgerIsLost: 'restart', given: likeMarker, most: 2 * LIMIT },
    { whenLedgerIsLost: 'wait', given: noMarker, most: LIMIT },
  ] as const)(
    "[TH-80] whatever stands under the key of the marker is a loss at most, with whenLedgerIsLost: '$whenLedgerIsLost'",
    async ({ whenLedgerIsLost, given, most }) => {
      const prefix = `${keyPrefix}${whenLedgerIsLost}:`;
      const make = () =>
        leasedEngine({ redis: redisUrl(), keyPrefix: prefix, logger: observed.logger, whenLedgerIsLost });
      const [here, there] = [make(), make()];
      await Promise.all([here.ready?.(), there.ready?.()]);
      const key = `${prefix}ledger`;
      const good = (await redis.getBuffer(key)) as Buffer;
      const seen = { spent: 0, more: 0 };
      await forInputsAsync(
        fc.asyncProperty(given, async ({ what, write }) => {
          count += 1;
          await redis.set(key, good);
          const one = charge(`marked${count}`, LIMIT, 60);
          const spent = await admittedOf(here, one, LIMIT);
          await write(redis, key);
          const more = await admittedOf(there, one, 2 * LIMIT);
          if (spent + more > most) throw new Error(`${spent} and ${more} admitted: ${what}`);
          seen.spent += spent;
          seen.more += more;
          // Nobody has to repair anything: the ledger is open again.
          const [fresh] = await Promise.allSettled([
            (async () => there.consume([charge(`fresh${count}`, LIMIT, 60)]))(),
          ]);
          const isKnown = fresh.status === 'fulfilled' || fresh.reason instanceof UndecidedError;
          if (!isKnown) throw new Error(`Not open after ${what}: ${fresh.reason}`);
        }),
        SHARE,
      );
      await Promise.all([here.close?.(), there.close?.()]);
      expect([seen.spent > 0, seen.more > 0, observed.uncaught]).toEqual([true, whenLedgerIsLost === 'restart', []]);
    },
  );

  test('[TH-80] whatever stands under the key of the members, requests are decided as ever', async () => {
    const prefix = `${keyPrefix}members:`;
    const member = hostile.map(
      (name): Written => ({
        what: name,
        write: (client, key) => client.zadd(key, 'inf', name || 'x').catch(() => undefined),
      }),
    );
    await forInputsAsync(
      fc.asyncProperty(fc.oneof(anything, member), async ({ write }) => {
        count += 1;
        await write(redis, `${prefix}members`);
        // A process that starts joins them at once.
        const engine = leasedEngine({ redis: redisUrl(), keyPrefix: prefix, logger: observed.logger });
        await engine.ready?.();
        expect(await admittedOf(engine, charge(`member${count}`, LIMIT, 60), 2 * LIMIT)).toBe(LIMIT);
        await engine.close?.();
      }),
      SHARE / 5,
    );
    expect(observed.uncaught).toEqual([]);
  });
});

describe('an API that counts in Redis', () => {
  const prefix = `${keyPrefix}api:`;
  let oauth2: OAuth2;
  let server: InMemoryServer;
  let token = '';
  let secrets: Secrets;

  beforeAll(async () => {
    oauth2 = createOAuth2({
      ...{ database: ':memory:', redis: redisUrl(), keyPrefix: prefix, logger: observed.logger },
      scopes: { read: 'Read' },
      users: { findById: (id: string) => ({ id }), isActive: () => true },
      opaqueTokens: { unchecked: 'accept' },
      throttling: { policies: { user: `${LIMIT}/h` }, global: ['user'], failedAuthentication: `${LIMIT}/h` },
    });
    await oauth2.migrate();
    await oauth2.ready();
    const { application } = await oauth2.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
    token = (await oauth2.tokens.issue({ user: 'alice', application: application.clientId, scope: 'read' }))
      .access_token;
    secrets = new Secrets([token.slice(4)]);
    const koa = oauth2.createKoaServer({ controllers: [BookController] });
    koa.silent = true;
    server = new InMemoryServer(koa.callback());
  });

  afterAll(async () => {
    server.close();
    await oauth2.close();
  });

  async function statuses(address: string, requests: number, presented: () => string): Promise<number[]> {
    const all: number[] = [];
    for (let sent = 0; sent < requests; sent += 1) {
      const fields = [`Authorization: Bearer ${presented()}`];
      const { status, text: body } = await server.send({ requestLine: 'GET /books', fields, address });
      secrets.expectNone(body, 'the answer');
      all.push(status);
    }
    secrets.expectNone(observed.take(), 'the log');
    return all;
  }

  const addressOf = (one: number) => `10.${(one >> 16) & 255}.${(one >> 8) & 255}.${one & 255}`;

  test('[TH-80] whatever stands under the keys of the budget of failures, guesses end, and no answer is 5xx', async () => {
    const seen = { found: 0 };
    await forInputsAsync(
      fc.asyncProperty(anything, async ({ what, write }) => {
        count += 1;
        const address = addressOf(count);
        const guess = () => randomBytes(32).toString('base64url');
        const before = await statuses(address, 2, guess);
        const keys = (await redis.keys(`${prefix}*`)).filter((key) => key.endsWith(address));
        seen.found += keys.length;
        for (const key of keys) await write(redis, key);
        const after = await statuses(address, 3 * LIMIT, guess);
        const all = [...before, ...after];
        if (all.some((status) => status !== 401 && status !== 429)) throw new Error(`${all}: ${what}`);
        // As if they were lost: what is left of the budget here, and once more.
        const guesses = all.filter((status) => status === 401).length;
        if (guesses > 2 * LIMIT + 1) throw new Error(`${guesses} guesses: ${what}`);
      }),
      SLOW_SHARE,
    );
    expect([seen.found > 0, observed.uncaught]).toEqual([true, []]);
  });

  test('[TH-80] whatever stands under the keys of a policy, its callers are answered by 200, 429 or 503', async () => {
    const seen = new Map<number, number>();
    const { application } = await oauth2.applications.create({ name: 'Books', grantTypes: ['client_credentials'] });
    await forInputsAsync(
      fc.asyncProperty(anything, async ({ what, write }) => {
        count += 1;
        const user = `user${count}.`;
        const issued = await oauth2.tokens.issue({ user, application: application.clientId, scope: 'read' });
        const present = () => issued.access_token;
        const before = await statuses('203.0.113.5', 2, present);
        for (const key of await redis.keys(`${prefix}*${user}*`)) await write(redis, key);
        const all = [...before, ...(await statuses('203.0.113.5', 2 * LIMIT, present))];
        for (const status of all) seen.set(status, (seen.get(status) ?? 0) + 1);
        if (all.some((status) => ![200, 429, 503].includes(status))) throw new Error(`${all}: ${what}`);
        if (all.filter((status) => status === 200).length > 2 * LIMIT) throw new Error(`${all}: ${what}`);
      }),
      SLOW_SHARE,
    );
    expect(observed.uncaught).toEqual([]);
    for (const status of [200, 429, 503]) expect([status, (seen.get(status) ?? 0) > 0]).toEqual([status, true]);
  });
});
