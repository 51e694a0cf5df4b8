import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type NewSigningKey, SigningKeyRepository } from '../../../src/storage/index.js';
import { databaseKinds } from '../../support/services.js';
import { type Fixture, openFixture } from './fixture.js';

describe.each(databaseKinds())('the signing key repository on %s', (kind) => {
  let fixture: Fixture;
  let keys: SigningKeyRepository;
  let now = 1_000;
  let made = 0;

  beforeAll(async () => {
    fixture = await openFixture(kind);
    keys = new SigningKeyRepository(fixture.models, {
      clock: { nowMilliseconds: () => now, monotonicMilliseconds: () => now },
    });
  });

  beforeEach(async () => {
    now = 1_000;
    await fixture.models.SigningKey.query().delete();
  });

  afterAll(() => fixture.close());

  function key(generation: number, algorithm = 'RS256', signsFromMilliseconds = now): NewSigningKey {
    made += 1;
    return {
      kid: `key-${made}`,
      algorithm,
      generation,
      privateKeyEncrypted: Buffer.from(`sealed ${made}`),
      signsFromMilliseconds,
    };
  }

  test('of 50 concurrent first keys exactly one is stored, for each algorithm', async () => {
    const attempts = ['RS256', 'ES256'].flatMap((algorithm) => Array.from({ length: 50 }, () => key(1, algorithm)));
    const added = await Promise.all(attempts.map((attempt) => keys.add(attempt)));
    const winners = attempts.filter((_, index) => added[index]).map(({ kid }) => kid);
    expect(winners).toHaveLength(2);
    const stored = await keys.list();
    expect(stored.map(({ algorithm }) => algorithm)).toEqual(['ES256', 'RS256']);
    expect(stored.map(({ kid }) => kid).sort()).toEqual(winners.sort());
  });

  test('of 50 concurrent successors exactly one is stored, and it retires the one before', async () => {
    const first = key(1);
    await keys.add(first);
    const attempts = Array.from({ length: 50 }, () => key(2, 'RS256', 5_000));
    const succeeded = await Promise.all(attempts.map((attempt) => keys.succeed(attempt, 9_000)));
    expect(succeeded.filter((didIt) => didIt)).toHaveLength(1);
    const [newest, oldest, ...others] = await keys.list();
    expect(others).toEqual([]);
    expect(newest).toMatchObject({
      generation: 2,
      signsFromMilliseconds: 5_000,
      retiredAtMilliseconds: null,
      expiresAtMilliseconds: null,
    });
    expect(oldest).toMatchObject({ kid: first.kid, retiredAtMilliseconds: 5_000, expiresAtMilliseconds: 9_000 });
  });

  test('a successor shortens the time of those before it, and never lengthens it', async () => {
    await keys.add(key(1));
    await keys.succeed(key(2), 9_000);
    await keys.succeed(key(3), 20_000);
    expect((await keys.list()).map(({ expiresAtMilliseconds }) => expiresAtMilliseconds)).toEqual([
      null,
      20_000,
      9_000,
    ]);
    await keys.succeed(key(4), 2_000);
    expect((await keys.list()).map(({ expiresAtMilliseconds }) => expiresAtMilliseconds)).toEqual([
      null,
      2_000,
      2_000,
      2_000,
    ]);
  });

  test('a key is listed until it expires, and then deleted', async () => {
    await keys.add(key(1));
    const second = key(2);
    await keys.succeed(second, 9_000);
    now = 8_999;
    expect([(await keys.list()).length, await keys.deleteExpired()]).toEqual([2, 0]);
    now = 9_000;
    expect((await keys.list()).map(({ kid }) => kid)).toEqual([second.kid]);
    expect([await keys.deleteExpired(), await keys.deleteExpired()]).toEqual([1, 0]);
  });

  test('clearing what has expired takes expired keys, and no other', async () => {
    await keys.add(key(1));
    const second = key(2);
    await keys.succeed(second, 9_000);
    await fixture.tokens.clearExpired();
    expect((await fixture.models.SigningKey.query()).map(({ kid }) => kid)).toEqual([second.kid]);
  });

  test('the encrypted form is replaced only where it is what was read', async () => {
    const first = key(1);
    await keys.add(first);
    const before = first.privateKeyEncrypted;
    expect(await keys.replaceEncrypted(first.kid, Buffer.from('other'), Buffer.from('new'))).toBe(false);
    expect(await keys.replaceEncrypted(first.kid, before, Buffer.from('new'))).toBe(true);
    expect((await keys.list())[0]?.privateKeyEncrypted.toString()).toBe('new');
  });

  test('a key as JSON shows nothing of its private part', async () => {
    await keys.add(key(1));
    const [stored] = await keys.list();
    expect(JSON.stringify(stored)).not.toContain('rivate');
  });
});
