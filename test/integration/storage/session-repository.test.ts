import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  bindModels,
  type Database,
  migrate,
  openDatabase,
  SESSION_KIND,
  ServerRecordRepository,
  SessionRepository,
} from '../../../src/storage/index.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

describe.each(databaseKinds())('sessions of browsers on %s', (kind) => {
  let fresh: FreshDatabase;
  let database: Database;
  let sessions: SessionRepository;
  let records: ServerRecordRepository;

  beforeAll(async () => {
    fresh = await freshDatabase(kind);
    database = openDatabase(fresh.url);
    await migrate(database.knex);
    const models = bindModels(database.knex);
    sessions = new SessionRepository(models);
    records = new ServerRecordRepository(models);
  });

  afterAll(async () => {
    await database.knex.destroy();
    await fresh.drop();
  });

  const session = (userId: string, uidHash = randomBytes(32)) => ({
    kind: SESSION_KIND,
    recordHash: randomBytes(32),
    uidHash,
    userId,
    expiresAtMilliseconds: Date.now() + 60_000,
    payload: 'sealed',
  });

  test('[AS-57 §7.4.1] of a renewal and an end at the same moment none leaves a session behind', async () => {
    for (let round = 0; round < 10; round += 1) {
      const before = session('racing');
      await records.insert(before);
      const mark = await sessions.mark();
      const renewed = { ...session('racing', before.uidHash) };
      const [stored] = await Promise.all([
        records.replace(before.recordHash, renewed),
        round % 2 === 0 ? sessions.end(before.uidHash) : sessions.endAllOf('racing'),
      ]);
      // What the adapter does: stored first, then asked.
      const over = await sessions.hasEnded({ uidHash: before.uidHash, userId: 'racing', mark });
      expect([stored, over]).toEqual([stored, true]);
      if (stored) await records.revoke(SESSION_KIND, renewed.recordHash);
      expect(await sessions.listFor('racing')).toEqual([]);
    }
  });

  test('[AS-57 §7.4.1] of any number of renewals of one session exactly one is stored', async () => {
    const before = session('renewing');
    await records.insert(before);
    const renewals = Array.from({ length: 6 }, () =>
      records.replace(before.recordHash, session('renewing', before.uidHash)),
    );
    expect((await Promise.all(renewals)).filter((stored) => stored)).toHaveLength(1);
    expect(await sessions.listFor('renewing')).toHaveLength(1);
  });

  test('[AS-57 §7.4.5] an end covers the sign-ins that had begun, one excepted, and none that begins later or is another user’s', async () => {
    const [one, kept] = [session('u'), session('u')];
    for (const row of [one, kept, session('u ')]) await records.insert(row);
    const early = await sessions.mark();
    expect(await sessions.endAllOf('u', kept.uidHash)).toBe(1);
    const late = await sessions.mark();
    const at = (userId: string, uidHash: Buffer, mark: number) => sessions.hasEnded({ userId, uidHash, mark });
    expect(await at('u', randomBytes(32), early)).toBe(true);
    expect(await at('u', kept.uidHash, early)).toBe(false);
    expect(await at('u', randomBytes(32), late)).toBe(false);
    expect(await at('u ', randomBytes(32), early)).toBe(false);
    expect((await sessions.listFor('u')).map(({ uidHash }) => uidHash)).toEqual([kept.uidHash]);
    expect(await sessions.listFor('u ')).toHaveLength(1);
    expect(await sessions.find(one.uidHash)).toBeUndefined();
    expect(await sessions.find(kept.uidHash)).toMatchObject({ userId: 'u' });
  });
});
