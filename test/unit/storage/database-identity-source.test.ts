import { expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { silentLogger } from '../../../src/core/logger.js';
import { DatabaseIdentitySource } from '../../../src/storage/database-identity-source.js';

test('a caller who asks is told what the database says from then on, also while a reading from before stalls', async () => {
  const identity = { id: 'a-database', key: Buffer.alloc(32, 1) };
  let stored: typeof identity | undefined;
  let goOn: () => void = () => undefined;
  const stall = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let reads = 0;
  const first = async () => {
    reads += 1;
    const seen = stored;
    if (reads === 1) await stall;
    return seen;
  };
  const knex = () => ({ select: () => ({ where: () => ({ first }) }) });
  const source = new DatabaseIdentitySource(knex as unknown as Knex, silentLogger);

  const before = source.ask();
  // Another process migrates the database, and shares what it looks up from now on.
  stored = identity;
  const after = [source.ask(), source.ask()];
  goOn();
  expect(await before).toBeUndefined();
  for (const each of await Promise.all(after)) expect(each?.id).toBe('a-database');
  expect(reads).toBe(2);
  source.close();
});
