import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { SharedCacheNotes } from '../../../src/storage/index.js';
import { type FreshDatabase, freshDatabase } from '../../support/services.js';

describe.each(['sqlite', 'mariadb', 'postgres'] as const)('[ALL-66] notes about shared caches, %s', (kind) => {
  let database: FreshDatabase;
  let oauth2: OAuth2;
  let notes: SharedCacheNotes;

  beforeEach(async () => {
    database = await freshDatabase(kind);
    oauth2 = createOAuth2({ database: database.url });
    await oauth2.migrate();
    notes = new SharedCacheNotes(oauth2.models);
  });

  afterEach(async () => {
    await oauth2?.close();
    await database?.drop();
  });

  test('there is one for each key prefix, the newest first, however often it is left', async () => {
    expect(await notes.list()).toEqual([]);
    const later = (milliseconds: number) =>
      new SharedCacheNotes(oauth2.models, {
        clock: { nowMilliseconds: () => Date.now() + milliseconds, monotonicMilliseconds: () => 0 },
      });
    await Promise.all([1, 2, 3].map(() => notes.leave({ keyPrefix: 'a:', maxAgeSeconds: 30 })));
    await later(1000).leave({ keyPrefix: 'b:', maxAgeSeconds: 60 });
    await later(2000).leave({ keyPrefix: 'a:', maxAgeSeconds: 5 });
    const kept = await notes.list();
    expect(kept).toMatchObject([
      { keyPrefix: 'a:', maxAgeSeconds: 5 },
      { keyPrefix: 'b:', maxAgeSeconds: 60 },
    ]);
    const [a, b] = kept.map(({ renewedAtMilliseconds }) => renewedAtMilliseconds);
    expect(Number(a) - Number(b)).toBeGreaterThanOrEqual(1000);
  });

  test('one that cannot be read does not hide the others', async () => {
    await notes.leave({ keyPrefix: 'a:', maxAgeSeconds: 30 });
    for (const [index, payload] of ['{', 'null', '{"keyPrefix":5}', null].entries()) {
      await notes.leave({ keyPrefix: `bad${index}`, maxAgeSeconds: 30 });
      await oauth2.models.ServerRecord.query().where('payload', 'like', `%bad${index}%`).patch({ payload });
    }
    expect(await notes.list()).toMatchObject([{ keyPrefix: 'a:', maxAgeSeconds: 30 }]);
  });

  test('a database without their table has none; one that does not answer is an error', async () => {
    await oauth2.knex.schema.dropTable('oauth2_server_records');
    expect(await notes.list()).toEqual([]);
    await oauth2.close();
    await expect(notes.list()).rejects.toThrow();
  });
});
