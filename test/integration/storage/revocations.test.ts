import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.js';
import { FamilyRepository, GRANT_KIND, ServerRecordRepository, TokenRepository } from '../../../src/storage/index.js';
import { REVOCATIONS_TABLE } from '../../../src/storage/migrations/0005-revocations.js';
import { REVOCATION_BATCH_SIZE, Revocations } from '../../../src/storage/repositories/revocations.js';
import { databaseKinds } from '../../support/services.js';
import {
  type Fixture,
  newApplication,
  newFamilyId,
  newToken,
  openFixture,
  storeRefreshToken,
  storeToken,
  until,
} from './fixture.js';

/** More than two batches, and the last one not full. */
const MANY = 2 * REVOCATION_BATCH_SIZE + 100;

describe.each(databaseKinds())('a revocation of many tokens, on %s', (kind) => {
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await openFixture(kind);
  });
  afterAll(() => fixture?.close());

  /** Stores many access tokens, and answers the digests of some. */
  async function storeTokens(columns: { userId?: string; applicationId?: number }): Promise<Buffer[]> {
    const now = Date.now();
    const rows = Array.from({ length: MANY }, () => ({
      token_hash: newToken().hash,
      user_id: columns.userId ?? null,
      application_id: columns.applicationId ?? null,
      scope: 'read',
      created_at_ms: now,
      expires_at_ms: now + 3_600_000,
    }));
    for (let start = 0; start < rows.length; start += 100) {
      await fixture.database.knex(fixture.tables.accessTokens).insert(rows.slice(start, start + 100));
    }
    return [0, REVOCATION_BATCH_SIZE, MANY - 1].map((index) => (rows[index] as { token_hash: Buffer }).token_hash);
  }

  /** Whether a guard would admit tokens, and the authorization server know them. */
  const admitted = async (hashes: readonly Buffer[]) => {
    const families = new FamilyRepository(fixture.models, fixture.tokens);
    return Promise.all(
      hashes.map(async (hash) => {
        const row = await fixture.reader.read(hash);
        const found = await families.findAccessToken(hash);
        const guard = row !== undefined && row.revokedAtMilliseconds === null && !row.coveredByRevocation;
        return [guard, found !== undefined && !found.row.isRevoked()];
      }),
    );
  };

  const unfinished = async () =>
    Number((await fixture.database.knex(REVOCATIONS_TABLE).count({ count: '*' }))[0]?.count);

  test.each<[string, { readonly userId?: string }]>([
    ['a user', { userId: 'ivan' }],
    ['an application', {}],
    ['a user at an application', { userId: 'judy' }],
  ])('[RS-16 RS-17] of %s holds before the rows of the tokens are changed, and then they are', async (what, user) => {
    const application = await newApplication(fixture);
    const owner: { userId?: string; applicationId?: number } =
      what === 'a user' ? user : { ...user, applicationId: application.id };
    const hashes = await storeTokens(owner);
    await storeRefreshToken(fixture, { userId: null, ...owner });
    const others = [
      await storeToken(fixture, { userId: 'mallory' }),
      await storeToken(fixture, { userId: 'Ivan', applicationId: (await newApplication(fixture)).id }),
    ].map(({ tokenHash }) => tokenHash);
    const closing = new AbortController();
    closing.abort();

    const { count, finished } = await fixture.tokens.revokeAllOf(owner, closing.signal);
    await finished;
    expect(count).toBe(MANY + 1);
    expect(await unfinished()).toBe(1);
    expect(await admitted(hashes)).toEqual(hashes.map(() => [false, false]));
    if (owner.userId !== undefined) expect(await fixture.tokens.listFor(owner.userId)).toEqual([]);
    expect(await admitted(others)).toEqual([
      [true, true],
      [true, true],
    ]);

    // What comes after it is not covered, though its rows are still being changed.
    const later = [(await storeToken(fixture, owner)).tokenHash];
    expect(await admitted(later)).toEqual([[true, true]]);

    // The process has ended; another one clears what has expired, and carries on.
    await new TokenRepository(fixture.models).clearExpired();
    expect(await unfinished()).toBe(0);
    for (const hash of hashes) expect((await fixture.tokens.findAccessTokenByHash(hash))?.isRevoked()).toBe(true);
    const [refreshToken] = await fixture.models.RefreshToken.query().where(
      owner.userId === undefined ? { application_id: owner.applicationId as number } : { user_id: owner.userId },
    );
    expect(refreshToken?.isRevoked()).toBe(true);
    expect(await admitted(later)).toEqual([[true, true]]);
    expect(await admitted(others)).toEqual([
      [true, true],
      [true, true],
    ]);
  });

  test('[RS-17] what another process carries on ends no grant that was given after it', async () => {
    const application = await newApplication(fixture);
    const owner = { userId: 'olivia', applicationId: application.id };
    const records = new ServerRecordRepository(fixture.models);
    const grant = async (recordHash: Buffer) => {
      const expiresAtMilliseconds = Date.now() + 3_600_000;
      await records.insert({ kind: GRANT_KIND, recordHash, familyId: newFamilyId(), expiresAtMilliseconds, ...owner });
      return recordHash;
    };
    const isInForce = async (recordHash: Buffer) => (await records.find(GRANT_KIND, recordHash)) !== undefined;
    const before = await grant(newToken().hash);
    // Its process ends before it has changed a row.
    await new Revocations(fixture.models, systemClock).begin(owner);
    const began = Date.now();
    await until(() => Date.now() > began);
    const after = await grant(newToken().hash);
    await new TokenRepository(fixture.models).clearExpired();
    expect(await unfinished()).toBe(0);
    expect([await isInForce(before), await isInForce(after)]).toEqual([false, true]);
  });

  test('ends by itself, with no statement that changes more rows than a batch', async () => {
    const application = await newApplication(fixture);
    await storeTokens({ applicationId: application.id });
    const updates: number[] = [];
    const note = (_response: unknown, { method, bindings }: { method?: string; bindings?: unknown[] }) => {
      if (method === 'update') updates.push(bindings?.length ?? 0);
    };
    fixture.database.knex.on('query-response', note);
    const { finished } = await fixture.tokens.revokeAllOf({ applicationId: application.id });
    await finished;
    fixture.database.knex.removeListener('query-response', note);
    expect(await unfinished()).toBe(0);
    expect(updates.length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...updates)).toBeLessThanOrEqual(REVOCATION_BATCH_SIZE + 2);
    expect((await fixture.tokens.revokeAllOf({ applicationId: application.id })).count).toBe(0);
  });

  test('[AS-33 RFC 7009 §2.1] covers what an exchange in flight stores after it began', async () => {
    const application = await newApplication(fixture);
    const owner = { userId: 'niaj', applicationId: application.id };
    const revocations = new Revocations(fixture.models, systemClock);
    const begun = await revocations.begin(owner);
    const late = await storeToken(fixture, { ...owner, familyId: newFamilyId() });
    expect(await admitted([late.tokenHash])).toEqual([[true, true]]);
    const extended = await revocations.extend(begun);
    expect(await admitted([late.tokenHash])).toEqual([[false, false]]);
    await revocations.finish(extended);
    expect((await fixture.tokens.findAccessTokenByHash(late.tokenHash))?.isRevoked()).toBe(true);
  });

  test('[RS-17] covers what an exchange in flight stores, though another process carries it on meanwhile', async () => {
    const application = await newApplication(fixture);
    const owner = { userId: 'peggy', applicationId: application.id };
    const revocations = new Revocations(fixture.models, systemClock);
    const clearing = new TokenRepository(fixture.models);

    // The other one ends it before it is extended.
    let begun = await revocations.begin(owner);
    let late = await storeToken(fixture, { ...owner, familyId: newFamilyId() });
    await clearing.clearExpired();
    let extended = await revocations.extend(begun);
    expect(await admitted([late.tokenHash])).toEqual([[false, false]]);
    await revocations.finish(extended);
    expect((await fixture.tokens.findAccessTokenByHash(late.tokenHash))?.isRevoked()).toBe(true);

    // The other one has read it before it is extended, and ends it after.
    begun = await revocations.begin(owner);
    late = await storeToken(fixture, { ...owner, familyId: newFamilyId() });
    extended = await revocations.extend(begun);
    await new Revocations(fixture.models, systemClock).finish(begun);
    expect(await admitted([late.tokenHash])).toEqual([[false, false]]);
    await clearing.clearExpired();
    expect((await fixture.tokens.findAccessTokenByHash(late.tokenHash))?.isRevoked()).toBe(true);
    expect(await unfinished()).toBe(0);
  });

  test('[RS-17] of a user is of that user alone, and not of one whose id differs in trailing spaces', async () => {
    const of = async (userId: string) => (await storeToken(fixture, { userId })).tokenHash;
    const [small, smallOther] = [await of('sybil'), await of('sybil ')];
    expect((await fixture.tokens.revokeAllOf({ userId: 'sybil' })).count).toBe(1);
    const [large, largeOther] = [await of('sybil'), await of('sybil ')];
    const revocation = await new Revocations(fixture.models, systemClock).begin({ userId: 'sybil' });
    const before = await admitted([small, smallOther, large, largeOther]);
    await new Revocations(fixture.models, systemClock).finish(revocation);
    const [no, yes] = [
      [false, false],
      [true, true],
    ];
    expect(before).toEqual([no, yes, no, yes]);
    expect(await admitted([small, smallOther, large, largeOther])).toEqual([no, yes, no, yes]);
  });

  test('[RS-17] of an application that is deleted meanwhile ends with it', async () => {
    const application = await newApplication(fixture);
    const revocations = new Revocations(fixture.models, systemClock);
    const begun = await revocations.begin({ applicationId: application.id });
    await fixture.models.Application.query().deleteById(application.id);
    await revocations.finish(await revocations.extend(begun));
    expect(await unfinished()).toBe(0);
  });
});
