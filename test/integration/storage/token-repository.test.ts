import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keyOfDigest } from '../../../src/core/digest.js';
import { type ClearExpiredProgress, TokenRepository } from '../../../src/storage/index.js';
import { databaseKinds } from '../../support/services.js';
import {
  countStatements,
  type Fixture,
  newApplication,
  newFamilyId,
  newToken,
  openFixture,
  storeRefreshToken,
  storeToken,
} from './fixture.js';

describe.each(databaseKinds())('the token repository on %s', (kind) => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture(kind);
  });

  afterAll(() => fixture.close());

  async function storeMany(count: number, columns: Parameters<typeof storeToken>[1]): Promise<string[]> {
    const hashes = Array.from({ length: count }, () => newToken().hash);
    for (const tokenHash of hashes) await storeToken(fixture, { ...columns, tokenHash });
    return hashes.map(keyOfDigest).sort();
  }

  test('a token is found by its digest with its application, as a model', async () => {
    const application = await newApplication(fixture);
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash, applicationId: application.id, userId: 'alice', scope: 'a b' });
    const found = await fixture.tokens.findAccessTokenByHash(hash);
    expect(found?.application?.clientId).toBe(application.clientId);
    expect(found?.tokenHash.equals(hash)).toBe(true);
    expect([found?.isValid(['a']), found?.isValid(['c']), found?.scopes]).toEqual([true, false, ['a', 'b']]);
    expect([found?.id, found?.applicationId, found?.expiresAtMilliseconds].map((value) => typeof value)).toEqual(
      Array(3).fill('number'),
    );
    expect(await fixture.tokens.findAccessTokenByHash(newToken().hash)).toBeUndefined();
    expect(await fixture.tokens.findRefreshTokenByHash(hash)).toBeUndefined();
  });

  test('of 50 concurrent revocations of one token exactly one did it', async () => {
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash });
    const answers = await Promise.all(Array.from({ length: 50 }, () => fixture.tokens.revokeAccessToken(hash)));
    expect(answers.filter((didIt) => didIt)).toHaveLength(1);
    expect(await fixture.tokens.revokeAccessToken(hash)).toBe(false);
    expect(await fixture.tokens.revokeAccessToken(newToken().hash)).toBe(false);
  });

  test('of concurrent revocations through the model exactly one did it, and all see the token revoked', async () => {
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash });
    const models = await Promise.all(Array.from({ length: 8 }, () => fixture.tokens.findAccessTokenByHash(hash)));
    const answers = await Promise.all(models.map((model) => model?.revoke()));
    expect(answers.filter((didIt) => didIt)).toHaveLength(1);
    expect(models.every((model) => model?.isRevoked())).toBe(true);
    expect(new Set(models.map((model) => model?.revokedAtMilliseconds)).size).toBe(1);
  });

  test('revokeAllOf takes the live tokens of that user and leaves those of others', async () => {
    const application = await newApplication(fixture);
    const keys = await storeMany(3, { userId: 'carol', applicationId: application.id });
    await storeToken(fixture, { userId: 'carol', expiresAtMilliseconds: Date.now() - 1 });
    await storeRefreshToken(fixture, { userId: 'carol' });
    const other = await storeToken(fixture, { userId: 'Carol' });

    const revoked = await fixture.tokens.revokeAllOf({ userId: 'carol' });
    expect(revoked.count).toBe(4);
    expect(keys).toHaveLength(3);
    expect(await fixture.tokens.listFor('carol')).toEqual([]);
    expect((await fixture.tokens.listFor('Carol')).map(({ id }) => id)).toEqual([other.id]);
  });

  test('revokeAllOf again revokes nothing', async () => {
    await storeMany(2, { userId: 'again' });
    await fixture.tokens.revokeAllOf({ userId: 'again' });
    expect((await fixture.tokens.revokeAllOf({ userId: 'again' })).count).toBe(0);
  });

  test('with a user and an application, revokeAllOf takes what belongs to both', async () => {
    const application = await newApplication(fixture);
    await storeMany(1, { userId: 'dave', applicationId: application.id });
    await storeMany(1, { userId: 'dave' });
    await storeMany(1, { userId: 'erin', applicationId: application.id });
    const revoked = await fixture.tokens.revokeAllOf({ userId: 'dave', applicationId: application.id });
    expect(revoked.count).toBe(1);
    expect((await fixture.tokens.revokeAllOf({ applicationId: application.id })).count).toBe(1);
    expect((await fixture.tokens.revokeAllOf({ userId: 'dave' })).count).toBe(1);
  });

  test('revokeAllOf needs the same number of statements for one token and for sixty', async () => {
    await storeMany(1, { userId: 'one' });
    await storeMany(60, { userId: 'sixty' });
    const one = await countStatements(fixture, () => fixture.tokens.revokeAllOf({ userId: 'one' }));
    const sixty = await countStatements(fixture, () => fixture.tokens.revokeAllOf({ userId: 'sixty' }));
    expect(sixty).toBe(one);
    expect(await fixture.tokens.listFor('sixty')).toEqual([]);
  });

  test('two concurrent calls of revokeAllOf count each token once', async () => {
    await storeMany(10, { userId: 'frank' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => fixture.tokens.revokeAllOf({ userId: 'frank' })));
    expect(answers.reduce((sum, { count }) => sum + count, 0)).toBe(10);
  });

  test('all tokens at once are never revoked by a missing argument', async () => {
    const owners = [
      {},
      { userId: undefined },
      { userId: '' },
      { userId: 5 as unknown as string },
      { applicationId: Number.NaN },
    ];
    for (const owner of owners) {
      expect(() => fixture.tokens.revokeAllOf(owner)).toThrow(TypeError);
    }
  });

  test('a family is revoked as a whole, and only it', async () => {
    const familyId = newFamilyId();
    const keys = await storeMany(2, { familyId });
    const refreshHash = newToken().hash;
    await storeRefreshToken(fixture, { familyId, tokenHash: refreshHash });
    const outside = await storeToken(fixture, { familyId: newFamilyId() });

    expect((await fixture.tokens.revokeFamily(familyId)).sort()).toEqual(keys);
    expect((await fixture.tokens.findRefreshTokenByHash(refreshHash))?.isRevoked()).toBe(true);
    expect((await fixture.tokens.findAccessTokenByHash(outside.tokenHash))?.isRevoked()).toBe(false);
  });

  test('listFor gives the valid tokens of that user, newest first, each with its application', async () => {
    const application = await newApplication(fixture, 'shown');
    const disabled = await newApplication(fixture, 'disabled');
    await fixture.applications.disable(disabled.clientId);
    const now = Date.now();
    const of = { userId: 'grace', applicationId: application.id };
    const old = await storeToken(fixture, { ...of, createdAtMilliseconds: now - 2000 });
    const young = await storeToken(fixture, { ...of, createdAtMilliseconds: now - 1000 });
    await storeToken(fixture, { ...of, expiresAtMilliseconds: now - 1 });
    const revoked = await storeToken(fixture, of);
    await revoked.revoke();
    await storeToken(fixture, { ...of, applicationId: disabled.id });
    for (const userId of ['grace ', 'Grace', 'grac']) await storeToken(fixture, { ...of, userId });

    const listed = await fixture.tokens.listFor('grace');
    expect(listed.map(({ id }) => id)).toEqual([young.id, old.id]);
    expect(listed.map((token) => token.application?.name)).toEqual(['shown', 'shown']);
  });

  test('listFor goes on page by page, and neither skips nor repeats a token', async () => {
    const application = await newApplication(fixture, 'paged');
    const stored = [];
    for (let count = 0; count < 7; count += 1) {
      stored.push(
        await storeToken(fixture, { userId: 'heidi', applicationId: count % 2 === 0 ? application.id : null }),
      );
    }
    const seen: number[] = [];
    for (let beforeId: number | undefined; ; beforeId = seen.at(-1)) {
      const page = await fixture.tokens.listFor('heidi', { limit: 3, beforeId });
      seen.push(...page.map(({ id }) => id));
      if (page.length < 3) break;
    }
    expect(seen).toEqual(stored.map(({ id }) => id).reverse());
    expect(() => fixture.tokens.listFor('heidi', { limit: 1_001 })).toThrow(TypeError);
  });

  test('what is no digest and no user id never reaches the database', async () => {
    await expect(async () => fixture.tokens.findAccessTokenByHash(Buffer.from('a token in the clear'))).rejects.toThrow(
      TypeError,
    );
    await expect(async () => storeToken(fixture, { tokenHash: Buffer.alloc(31) })).rejects.toThrow(TypeError);
    for (const userId of ['', 'a\0b', 'x'.repeat(256)]) {
      await expect(async () => storeToken(fixture, { userId })).rejects.toThrow(/userId/);
    }
  });

  test('a token in a transaction that is undone was never stored', async () => {
    const { hash } = newToken();
    await fixture.models.AccessToken.transaction(async (transaction) => {
      const now = Date.now();
      await fixture.tokens.insertAccessToken(
        { tokenHash: hash, scope: '', createdAtMilliseconds: now, expiresAtMilliseconds: now + 1000 },
        transaction,
      );
      throw new Error('undone');
    }).catch(() => undefined);
    expect(await fixture.tokens.findAccessTokenByHash(hash)).toBeUndefined();
  });
});

describe.each(databaseKinds())('clearExpired on %s', (kind) => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture(kind);
  });

  afterAll(() => fixture.close());

  async function fill(): Promise<void> {
    const application = await newApplication(fixture);
    const past = Date.now() - 1000;
    for (let index = 0; index < 25; index++) {
      const token = await storeToken(fixture, { expiresAtMilliseconds: past });
      if (index < 5) await storeRefreshToken(fixture, { expiresAtMilliseconds: past, accessTokenId: token.id });
      // The pointer of a live refresh token to a token that is deleted becomes null.
      else if (index < 7) await storeRefreshToken(fixture, { accessTokenId: token.id });
    }
    await storeToken(fixture, { userId: 'live' });
    await (await storeToken(fixture, { userId: 'live' })).revoke();
    await fixture.models.AuthorizationCode.query().insert({
      codeHash: newToken().hash,
      applicationId: application.id,
      userId: 'x',
      scope: '',
      familyId: newFamilyId(),
      createdAtMilliseconds: past,
      expiresAtMilliseconds: past,
    });
    await fixture.models.DeviceCode.query().insert({
      deviceCodeHash: newToken().hash,
      userCodeHash: newToken().hash,
      applicationId: application.id,
      scope: '',
      createdAtMilliseconds: past,
      expiresAtMilliseconds: past,
    });
    for (const [kind, expiresAtMilliseconds] of [
      ['Session', past],
      ['Interaction', past],
      ['Grant', past],
      ['Session', past + 60_000],
      ['RegistrationAccessToken', null],
    ] as const) {
      const times = { createdAtMilliseconds: past, updatedAtMilliseconds: past, expiresAtMilliseconds };
      await fixture.models.ServerRecord.query().insert({ kind, recordHash: newToken().hash, ...times });
    }
  }

  test('deletes in batches, tells how far it is, and leaves what is live, also what is revoked but not expired', async () => {
    await fill();
    const progress: ClearExpiredProgress[] = [];
    const result = await fixture.tokens.clearExpired({
      batchSize: 10,
      pauseMilliseconds: 1,
      onProgress: (step) => {
        progress.push(step);
      },
    });
    expect(result).toEqual({
      deleted: {
        oauth2_refresh_tokens: 5,
        oauth2_access_tokens: 25,
        oauth2_authorization_codes: 1,
        oauth2_device_codes: 1,
        oauth2_server_records: 3,
        oauth2_signing_keys: 0,
      },
      total: 35,
    });
    expect(progress.map(({ deleted }) => deleted)).toEqual([5, 15, 25, 30, 31, 32, 35]);
    expect(progress.every(({ total }) => total === 35)).toBe(true);
    expect(await fixture.models.ServerRecord.query().resultSize()).toBe(2);
    expect(await fixture.models.AccessToken.query().resultSize()).toBe(2);
    const refreshTokens = await fixture.models.RefreshToken.query();
    expect(refreshTokens.map(({ accessTokenId }) => accessTokenId)).toEqual([null, null]);
    expect((await fixture.tokens.clearExpired()).total).toBe(0);
  });

  test('lets everything else of the process run between two batches, and no batch is larger than its size', async () => {
    const past = Date.now() - 1000;
    const rows = Array.from({ length: 600 }, () => ({
      ...{
        tokenHash: newToken().hash,
        scope: 'read',
        createdAtMilliseconds: past,
        expiresAtMilliseconds: past,
        applicationId: null,
      },
    }));
    for (const row of rows) await fixture.models.AccessToken.query().insert(row);
    const { knex } = fixture.database;
    const sizes: number[] = [];
    const heldUp: number[] = [];
    let turns = 0;
    let isRunning = true;
    const turn = (): void => {
      turns += 1;
      if (isRunning) setImmediate(turn);
    };
    const listen = ({ sql, bindings }: { sql: string; bindings: unknown[] }): void => {
      if (!/^delete/i.test(sql)) return;
      sizes.push(bindings.length);
      heldUp.push(turns);
    };
    knex.on('query', listen);
    setImmediate(turn);
    const result = await fixture.tokens.clearExpired();
    isRunning = false;
    knex.removeListener('query', listen);
    expect(result.total).toBe(600);
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
    // Nobody had asked for a size, so it began small.
    expect(sizes[0]).toBeLessThanOrEqual(100);
    // Between any two batches the event loop has turned.
    for (let index = 1; index < heldUp.length; index++)
      expect(heldUp[index]).toBeGreaterThan(heldUp[index - 1] as number);
  });

  test('finds what has expired by an index, and what points to it', async () => {
    if (kind !== 'sqlite') return;
    const { AccessToken, RefreshToken, AuthorizationCode, DeviceCode, ServerRecord, SigningKey } = fixture.models;
    for (const model of [AccessToken, RefreshToken, AuthorizationCode, DeviceCode, ServerRecord, SigningKey]) {
      const statement = `SELECT id FROM ${model.tableName} WHERE expires_at_ms <= 5 ORDER BY expires_at_ms LIMIT 10`;
      const plan: { detail: string }[] = await fixture.database.knex.raw(`EXPLAIN QUERY PLAN ${statement}`);
      expect(plan.map(({ detail }) => detail)).toEqual([expect.stringMatching(/^SEARCH \S+ USING (COVERING )?INDEX/)]);
    }
    const [pointer] = await fixture.database.knex.raw(
      `EXPLAIN QUERY PLAN SELECT id FROM ${RefreshToken.tableName} WHERE access_token_id = 5`,
    );
    expect(pointer.detail).toMatch(/^SEARCH \S+ USING (COVERING )?INDEX/);
  });

  test('two that clear at once delete each row once, while tokens are revoked', async () => {
    const past = Date.now() - 1000;
    const hashes = Array.from({ length: 60 }, () => newToken().hash);
    for (const tokenHash of hashes)
      await storeToken(fixture, { tokenHash, userId: 'busy', expiresAtMilliseconds: past });
    const [first, second] = await Promise.all([
      fixture.tokens.clearExpired({ batchSize: 7 }),
      fixture.tokens.clearExpired({ batchSize: 7 }),
      ...hashes.map((hash) => fixture.tokens.revokeAccessToken(hash)),
      ...hashes.slice(0, 10).map(() => fixture.tokens.revokeAllOf({ userId: 'busy' })),
    ]);
    expect(first.total + second.total).toBe(60);
  });

  test('beforeMilliseconds decides what counts as expired, and a signal stops between two batches', async () => {
    const now = Date.now();
    for (let index = 0; index < 6; index++) await storeToken(fixture, { expiresAtMilliseconds: now - 10_000 + index });
    expect((await fixture.tokens.clearExpired({ beforeMilliseconds: now - 9_999 })).total).toBe(2);
    const controller = new AbortController();
    const stopped = await fixture.tokens.clearExpired({
      batchSize: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    expect(stopped.total).toBe(1);
    expect((await fixture.tokens.clearExpired()).total).toBe(3);
  });

  test.each([
    ['batchSize', 0],
    ['batchSize', 1.5],
    ['batchSize', 10_001],
    ['pauseMilliseconds', -1],
    ['pauseMilliseconds', Number.NaN],
    ['beforeMilliseconds', -1],
  ])('%s: %p is refused by name', async (name, value) => {
    await expect(fixture.tokens.clearExpired({ [name]: value })).rejects.toThrow(
      new RegExp(`option ${name} cannot be`),
    );
  });

  test('the clock that was passed in decides what is live', async () => {
    const now = Date.now();
    await storeToken(fixture, { userId: 'clock', expiresAtMilliseconds: now + 1000 });
    const later = new TokenRepository(fixture.models, {
      clock: { nowMilliseconds: () => now + 1000, monotonicMilliseconds: () => 0 },
    });
    expect(await fixture.tokens.listFor('clock')).toHaveLength(1);
    expect(await later.listFor('clock')).toHaveLength(0);
  });
});
