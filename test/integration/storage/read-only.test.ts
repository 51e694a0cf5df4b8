import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { boundsOf, openDatabase } from '../../../src/storage/index.js';
import { databaseKinds, freshDatabase } from '../../support/services.js';

describe.each(databaseKinds())('a database that is only read, on %s', (kind) => {
  test('[IM-7] its sessions refuse to write, on every connection', async () => {
    const database = await freshDatabase(kind);
    const writing = openDatabase(database.url);
    const reading = openDatabase(database.url, { readOnly: true });
    try {
      await writing.knex.schema.createTable('things', (table) => table.integer('id'));
      await writing.knex('things').insert({ id: 1 });
      const attempts = Array.from({ length: 4 }, async () => reading.knex('things').insert({ id: 2 }));
      const outcomes = await Promise.allSettled(attempts);
      expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
      await expect(reading.knex.schema.dropTable('things')).rejects.toMatchObject({
        message: expect.stringMatching(/read.?only/i),
      });
      expect(await reading.knex('things')).toEqual([{ id: 1 }]);
    } finally {
      await boundsOf(reading).close();
      await boundsOf(writing).close();
      await database.drop();
    }
  });
});

test('[IM-7] a file of SQLite that is only read is not created, nor is its folder', async () => {
  const database = await freshDatabase('sqlite');
  const path = database.url.replace(/^sqlite:/, '').replace(/\.sqlite$/, '/inner/none.sqlite');
  const reading = openDatabase(path, { readOnly: true });
  await expect(reading.knex.raw('SELECT 1')).rejects.toMatchObject({ message: expect.any(String) });
  expect(existsSync(path.replace(/\/[^/]*$/, ''))).toBe(false);
  await boundsOf(reading).close();
  await database.drop();
});
