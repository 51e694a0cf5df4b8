import { beforeEach, describe, expect, test } from '@jest/globals';
import { sha256Key } from '../../../src/core/digest.js';
import { EXPIRED, INVALID, type Verification } from '../../../src/core/verified-token.js';
import { localTokenCache, type TokenCache } from '../../../src/resource-server/cache/index.js';
import { active, heldLookUp, KEY, settled, VirtualClock } from '../../support/cache/verifications.js';

let clock: VirtualClock;
let cache: TokenCache;

beforeEach(() => {
  clock = new VirtualClock();
  cache = localTokenCache({ clock });
});

/** Puts an answer into the cache. */
function put(verification: Verification, key = KEY): Promise<Verification> {
  return cache.resolve(key, () => verification);
}
describe('how long an answer is trusted', () => {
  test('a valid token is held for the bound and no longer', async () => {
    const answer = active();
    expect(cache.peek(KEY)).toBeUndefined();
    expect(await put(answer)).toBe(answer);
    expect(cache.peek(KEY)).toBe(answer);
    clock.advance(999);
    expect(cache.peek(KEY)).toBe(answer);
    clock.advance(1);
    expect(cache.peek(KEY)).toBeUndefined();
  });

  test('the bound counts from the start of the look-up, so that a slow one is held for less, or not at all', async () => {
    const slow = heldLookUp();
    const first = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    clock.advance(600);
    slow.answer(active());
    expect((await first).status).toBe('active');
    clock.advance(399);
    expect(cache.peek(KEY)).toBeDefined();
    clock.advance(1);
    expect(cache.peek(KEY)).toBeUndefined();

    const second = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    clock.advance(1_000);
    slow.answer(active());
    expect((await second).status).toBe('active');
    expect(cache.peek(KEY)).toBeUndefined();
  });

  test('[RS-14 RFC 7662 §4] a token that reaches its end while it is held is expired from that moment', async () => {
    await put(active({ expiresAtMilliseconds: clock.nowMilliseconds() + 500 }));
    clock.advance(499);
    expect(cache.peek(KEY)?.status).toBe('active');
    clock.advance(1);
    expect(cache.peek(KEY)).toBe(EXPIRED);
  });

  test('a token that reaches its end while it is looked up is expired', async () => {
    const slow = heldLookUp();
    const asked = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    clock.advance(200);
    slow.answer(active({ expiresAtMilliseconds: clock.nowMilliseconds() }));
    expect(await asked).toBe(EXPIRED);
    expect(cache.peek(KEY)).toBe(EXPIRED);
  });

  test('a refusal is held for its own time', async () => {
    cache = localTokenCache({ clock, negativeMaxAgeSeconds: 0.2, revocationBoundSeconds: 5 });
    await put(INVALID);
    expect(cache.peek(KEY)).toBe(INVALID);
    clock.advance(199);
    expect(cache.peek(KEY)).toBe(INVALID);
    clock.advance(1);
    expect(cache.peek(KEY)).toBeUndefined();
  });

  test('with a negative maximum age of zero no refusal is held, with a bound of zero no valid token', async () => {
    cache = localTokenCache({ clock, negativeMaxAgeSeconds: 0, revocationBoundSeconds: 0 });
    await put(INVALID);
    expect(cache.peek(KEY)).toBeUndefined();
    await put(active());
    expect(cache.peek(KEY)).toBeUndefined();
  });

  test('a machine that was suspended trusts nothing from before, though its monotonic clock stood still', async () => {
    await put(active());
    clock.moveWall(60_000);
    expect(cache.peek(KEY)).toBeUndefined();
  });

  test('a wall clock that is set back prolongs nothing', async () => {
    await put(active());
    clock.moveWall(-60_000);
    clock.advance(1_000);
    expect(cache.peek(KEY)).toBeUndefined();
  });

  test('a newer answer replaces the older one of either kind', async () => {
    await put(active());
    clock.advance(1_000);
    await put(INVALID);
    expect(cache.peek(KEY)).toBe(INVALID);
    clock.advance(1_000);
    const again = active();
    await put(again);
    expect(cache.peek(KEY)).toBe(again);
  });
});

describe('how much is held', () => {
  const keys = ['a', 'b', 'c'].map(sha256Key) as [string, string, string];

  test('the entry that was used least recently goes first', async () => {
    cache = localTokenCache({ clock, maxEntries: 2 });
    await put(active(), keys[0]);
    await put(active(), keys[1]);
    cache.peek(keys[0]);
    await put(active(), keys[2]);
    expect(keys.map((key) => cache.peek(key)?.status)).toEqual(['active', undefined, 'active']);
  });

  test('[RS-15] refusals displace no valid token, and are bounded themselves', async () => {
    cache = localTokenCache({ clock, maxEntries: 2, negativeMaxEntries: 3 });
    await put(active(), keys[0]);
    for (let count = 0; count < 100; count += 1) await put(INVALID, sha256Key(`unknown ${count}`));
    expect(cache.peek(keys[0])?.status).toBe('active');
    const held = Array.from({ length: 100 }, (_, count) => cache.peek(sha256Key(`unknown ${count}`)));
    expect(held.filter((each) => each !== undefined)).toHaveLength(3);
  });

  test('a budget of bytes bounds the number of entries, and takes large tokens into account', async () => {
    cache = localTokenCache({ clock, maxBytes: 10_000 });
    const many = Array.from({ length: 50 }, (_, count) => sha256Key(`${count}`));
    for (const key of many) await put(active(), key);
    const small = many.filter((key) => cache.peek(key) !== undefined).length;
    expect(small).toBeGreaterThan(3);
    expect(small).toBeLessThan(13);
    const scopes = Array.from({ length: 100 }, (_, count) => `a-rather-long-scope-name-${count}`);
    for (const key of many) await put(active({ scopes }), key);
    expect(many.filter((key) => cache.peek(key)?.status === 'active').length).toBeLessThan(small);
  });
});

describe('looking up', () => {
  test('a caller who asks at the same time waits for one look-up', async () => {
    const slow = heldLookUp();
    const answers = Promise.all(Array.from({ length: 20 }, () => cache.resolve(KEY, () => slow.lookUp())));
    await settled();
    expect(slow.count).toBe(1);
    const answer = active();
    slow.answer(answer);
    expect(new Set(await answers)).toEqual(new Set([answer]));
  });

  test('a look-up older than the bound is not joined', async () => {
    const slow = heldLookUp();
    const first = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    clock.advance(1_001);
    const second = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    expect(slow.count).toBe(2);
    slow.answer(active());
    slow.answer(INVALID);
    expect([(await first).status, (await second).status]).toEqual(['active', 'invalid']);
  });

  test('different keys are looked up apart', async () => {
    const other = sha256Key('another');
    expect((await Promise.all([put(active()), put(INVALID, other)])).map(({ status }) => status)).toEqual([
      'active',
      'invalid',
    ]);
  });

  test('a failure reaches all who wait, is not held, and the next one looks up again', async () => {
    const slow = heldLookUp();
    const answers = [1, 2, 3].map(() => cache.resolve(KEY, () => slow.lookUp()));
    await settled();
    slow.fail(new Error('away'));
    for (const result of await Promise.allSettled(answers)) expect(result.status).toBe('rejected');
    expect(cache.peek(KEY)).toBeUndefined();
    expect((await put(active())).status).toBe('active');
  });

  test('a look-up that throws at once rejects', async () => {
    const thrown = new Error('away');
    await expect(
      cache.resolve(KEY, () => {
        throw thrown;
      }),
    ).rejects.toBe(thrown);
  });

  test('what is held is not looked up', async () => {
    const answer = active();
    await put(answer);
    expect(await put(INVALID)).toBe(answer);
  });
});

describe('a token that was just issued', () => {
  test('is no more held as unknown', async () => {
    await put(INVALID);
    cache.forgetMiss(KEY);
    expect(cache.peek(KEY)).toBeUndefined();
  });

  test('is not held as unknown because of a look-up from before', async () => {
    const slow = heldLookUp();
    const before = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    cache.forgetMiss(KEY);
    slow.answer(INVALID);
    await before;
    expect(cache.peek(KEY)).toBeUndefined();
  });

  test('stays held if it is held as good', async () => {
    await put(active());
    cache.forgetMiss(KEY);
    expect(cache.peek(KEY)?.status).toBe('active');
  });
});

test('a closed cache holds nothing', async () => {
  await put(active());
  await cache.close();
  expect(cache.peek(KEY)).toBeUndefined();
});
