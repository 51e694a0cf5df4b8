import { expect, test } from '@jest/globals';
import type { ConnectionSource, PooledConnection } from '../../../src/storage/statements/connection-source.js';
import { Mysql2Driver } from '../../../src/storage/statements/mysql2-driver.js';
import { PgDriver } from '../../../src/storage/statements/pg-driver.js';
import { PooledStatement, type StatementDriver } from '../../../src/storage/statements/pooled-statement.js';
import { databaseKinds } from '../../support/services.js';
import { openFixture } from './fixture.js';

const servers = databaseKinds().filter((kind) => kind !== 'sqlite');

test.each(servers)('a driver that throws at once gives a rejection, and its connection back, on %s', async (kind) => {
  const fixture = await openFixture(kind);
  try {
    const source = fixture.database.knex.client as ConnectionSource & { readonly pool: { numUsed(): number } };
    const driver = kind === 'postgres' ? new PgDriver('SELECT $1::text') : new Mysql2Driver('SELECT ?');
    const options = { timeoutMilliseconds: 5_000, repeatable: false };
    const throwing: StatementDriver<PooledConnection> = {
      run() {
        throw new Error('refused at once');
      },
      runUnprepared() {
        throw new Error('refused at once');
      },
      cut() {},
    };
    const broken = new PooledStatement(source, throwing, options);
    const good = new PooledStatement(source, driver as StatementDriver<PooledConnection>, options);
    for (let more = 0; more < 15; more++) await expect(broken.run(['a'])).rejects.toThrow('refused at once');
    expect(source.pool.numUsed()).toBe(0);
    expect((await good.run(['a'])).rows).toEqual([['a']]);
  } finally {
    await fixture.close();
  }
});
