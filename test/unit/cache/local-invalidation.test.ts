import { beforeEach, describe, expect, test } from '@jest/globals';
import { sha256Key } from '../../../src/core/digest.js';
import { INVALID, type Verification } from '../../../src/core/verified-token.js';
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
describe('invalidation', () => {
  const [alice1, alice2, bob] = ['a1', 'a2', 'b'].map(sha256Key) as [string, string, string];

  beforeEach(async () => {
    await put(active({ key: alice1, userId: 'alice', clientId: 'shop' }), alice1);
    await put(active({ key: alice2, userId: 'alice', clientId: 'mail' }), alice2);
    await put(active({ key: bob, userId: 'bob', clientId: 'shop' }), bob);
  });

  const held = () => [alice1, alice2, bob].map((key) => cache.peek(key) !== undefined);

  test('of a token drops that token, and those whose keys are given', async () => {
    await cache.invalidate({ kind: 'token', key: alice1 }, []);
    expect(held()).toEqual([false, true, true]);
    await cache.invalidate({ kind: 'token', key: sha256Key('x') }, [bob]);
    expect(held()).toEqual([false, true, false]);
  });

  test('of a user drops all tokens of that user, known by key or not', async () => {
    await cache.invalidate({ kind: 'user', userId: 'alice' }, []);
    expect(held()).toEqual([false, false, true]);
  });

  test('of an application drops all its tokens; a user with the same name keeps its own', async () => {
    await cache.invalidate({ kind: 'application', clientId: 'alice' }, []);
    expect(held()).toEqual([true, true, true]);
    await cache.invalidate({ kind: 'application', clientId: 'shop' }, []);
    expect(held()).toEqual([false, true, false]);
  });

  test('of everything drops everything', async () => {
    await cache.invalidate({ kind: 'everything' }, []);
    expect(held()).toEqual([false, false, false]);
  });

  test('finds a token under its new user after the entry was replaced, and no more under the old one', async () => {
    clock.advance(1_000);
    await put(active({ key: alice1, userId: 'bob' }), alice1);
    await cache.invalidate({ kind: 'user', userId: 'alice' }, []);
    expect(held()).toEqual([true, false, false]);
    await cache.invalidate({ kind: 'user', userId: 'bob' }, []);
    expect(held()).toEqual([false, false, false]);
  });

  test.each([
    ['the token', { kind: 'token', key: KEY }, []],
    ['another token together with it', { kind: 'token', key: sha256Key('x') }, [KEY]],
    ['its user', { kind: 'user', userId: 'alice' }, []],
    ['its application', { kind: 'application', clientId: 'shop' }, []],
    ['everything', { kind: 'everything' }, []],
  ] as const)('of %s keeps a look-up from before it out of the cache', async (_name, invalidation, keys) => {
    const slow = heldLookUp();
    const before = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    await cache.invalidate(invalidation, keys);
    const after = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    expect(slow.count).toBe(2);
    slow.answer(active());
    await settled();
    expect(cache.peek(KEY)).toBeUndefined();
    slow.answer(INVALID);
    expect(await after).toBe(INVALID);
    expect(await before).toBe(INVALID);
    expect(cache.peek(KEY)).toBe(INVALID);
  });

  test('of another token leaves a look-up alone', async () => {
    const slow = heldLookUp();
    const before = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    await cache.invalidate({ kind: 'token', key: alice1 }, [bob]);
    slow.answer(active());
    await before;
    expect(cache.peek(KEY)?.status).toBe('active');
  });

  test('an old look-up that ends after a newer one does not replace its answer', async () => {
    const old = heldLookUp();
    const before = cache.resolve(KEY, () => old.lookUp());
    await settled();
    await cache.invalidate({ kind: 'token', key: KEY }, []);
    await put(INVALID);
    old.answer(active());
    await settled();
    expect(cache.peek(KEY)).toBe(INVALID);
    old.answer(INVALID);
    expect(await before).toBe(INVALID);
  });

  test('[RS-16 RFC 7009 §2.1] what an overtaken look-up found is not given out, but looked up again', async () => {
    const slow = heldLookUp();
    const asked = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    await cache.invalidate({ kind: 'token', key: KEY }, []);
    slow.answer(active());
    await settled();
    expect(slow.count).toBe(2);
    slow.answer(INVALID);
    expect(await asked).toBe(INVALID);
  });

  test.each([
    ['the token', { kind: 'token', key: KEY }],
    ['its user', { kind: 'user', userId: 'alice' }],
    ['its application', { kind: 'application', clientId: 'shop' }],
    ['everything', { kind: 'everything' }],
  ] as const)(
    '[RS-16 RFC 7009 §2.1] of %s reaches every look-up from before it, also those that a newer one took the place of',
    async (_name, invalidation) => {
      const stalled = heldLookUp();
      const answers = [];
      for (let count = 0; count < 3; count += 1) {
        answers.push(cache.resolve(KEY, () => stalled.lookUp()));
        await settled();
        clock.advance(1_200);
      }
      expect(stalled.count).toBe(3);
      expect((await put(active())).status).toBe('active');
      await cache.invalidate(invalidation, []);
      expect(await put(INVALID)).toBe(INVALID);
      for (let count = 0; count < 3; count += 1) stalled.answer(active());
      await settled();
      expect(cache.peek(KEY)).toBe(INVALID);
      for (let count = 0; count < 3; count += 1) stalled.answer(INVALID);
      for (const answer of answers) expect(await answer).toBe(INVALID);
    },
  );

  test('of another user or application leaves a look-up alone, however long it takes', async () => {
    cache = localTokenCache({ clock, revocationBoundSeconds: 5 });
    const slow = heldLookUp();
    const asked = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    for (let count = 0; count < 100; count += 1) {
      await cache.invalidate({ kind: 'user', userId: `user ${count}` }, []);
      await cache.invalidate({ kind: 'application', clientId: `alice ${count}` }, []);
    }
    slow.answer(active());
    expect((await asked).status).toBe('active');
    expect(slow.count).toBe(1);
    expect(cache.peek(KEY)?.status).toBe('active');
  });

  test('of more users than are remembered overtakes every look-up from before them', async () => {
    const slow = heldLookUp();
    const asked = cache.resolve(KEY, () => slow.lookUp());
    await settled();
    for (let count = 0; count < 10_002; count += 1)
      await cache.invalidate({ kind: 'user', userId: `user ${count}` }, []);
    slow.answer(active());
    await settled();
    expect(slow.count).toBe(2);
    slow.answer(INVALID);
    expect(await asked).toBe(INVALID);
  });

  test('an answer does not take the place of one whose look-up began later', async () => {
    cache = localTokenCache({ clock, revocationBoundSeconds: 5 });
    const old = heldLookUp();
    const before = cache.resolve(KEY, () => old.lookUp());
    await settled();
    clock.advance(5_001);
    await put(INVALID);
    old.answer(active());
    expect((await before).status).toBe('active');
    expect(cache.peek(KEY)).toBe(INVALID);
  });

  test('a look-up that is overtaken for ever fails, and admits nobody', async () => {
    const asked = cache.resolve(KEY, async () => {
      await cache.invalidate({ kind: 'everything' }, []);
      clock.advance(1_001);
      return active();
    });
    await expect(asked).rejects.toMatchObject({ code: 'temporarily_unavailable' });
  });
});
