import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import createKnex from 'knex';
import { createPool } from 'mysql2';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { TemporarilyUnavailableError } from '../../../src/core/errors.js';
import {
  ApplicationRepository,
  bindModels,
  createTokenWriter,
  type Database,
  migrate,
  openDatabase,
  TokenRepository,
  tableNamesOf,
} from '../../../src/storage/index.js';
import { mariadb } from '../../support/finder/mariadb.js';
import { type DatabaseKind, databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';
import { type Fixture, newApplication, newToken, storeToken, until } from './fixture.js';

const servers = databaseKinds().filter((kind) => kind !== 'sqlite');

/**
 * What keeps every connection that is made meanwhile from writing, for as long as the connection lives: what a client
 * meets that is still connected to the old server after a failover.
 */
function switchedTo(on: boolean, kind: DatabaseKind, name: string): string {
  const state = on ? 'on' : 'off';
  return kind === 'mariadb'
    ? `SET GLOBAL tx_read_only = ${state}`
    : `ALTER DATABASE ${name} SET default_transaction_read_only = ${state}`;
}

/** A database that may be switched: on a server of its own where the switch is one of the server. */
async function switchable(kind: DatabaseKind): Promise<FreshDatabase> {
  if (kind !== 'mariadb') return freshDatabase(kind);
  const server = await mariadb.start();
  const connection = await createConnection(server.url);
  await connection.query('CREATE DATABASE failover');
  await connection.end();
  return { url: `${server.url}/failover`, drop: async () => server.stop?.() };
}

describe.each(servers)('a pool that meets a server of %s that takes no writes', (kind) => {
  let fresh: FreshDatabase;
  let administrator: Database;

  beforeAll(async () => {
    fresh = await switchable(kind);
    administrator = openDatabase(fresh.url);
    await migrate(administrator.knex);
  }, 120_000);

  afterAll(async () => {
    await administrator?.knex.destroy();
    await fresh?.drop();
  }, 60_000);

  async function readOnly(on: boolean): Promise<void> {
    await administrator.knex.raw(switchedTo(on, kind, new URL(fresh.url).pathname.slice(1)));
  }

  const address = () => {
    const { hostname, port, username, password, pathname } = new URL(fresh.url);
    return {
      host: hostname,
      port: Number(port || 5432),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      database: pathname.slice(1),
    };
  };

  /** Every way in which a pool can be ours, or the host's. */
  const pools: readonly (readonly [string, () => { database: Database; close(): Promise<unknown> }])[] = [
    [
      'of our own',
      () => {
        const database = openDatabase(fresh.url);
        return { database, close: () => database.knex.destroy() };
      },
    ],
    [
      "of the host's knex",
      () => {
        const knex = createKnex({
          client: kind === 'mariadb' ? 'mysql2' : 'pg',
          connection: address(),
          pool: { min: 0, max: 4 },
          log: { warn() {} },
        });
        return { database: openDatabase(knex), close: () => knex.destroy() };
      },
    ],
    [
      "of the host's driver",
      () => {
        const native = kind === 'mariadb' ? createPool({ ...address(), connectionLimit: 4 }) : new pg.Pool(address());
        if (native instanceof pg.Pool) native.on('error', () => {});
        const knex = createKnex({
          client: kind === 'mariadb' ? 'mysql2' : 'pg',
          connectionPool: native,
          log: { warn() {} },
        } as Parameters<typeof createKnex>[0]);
        const close = async () => {
          await knex.destroy();
          await new Promise<void>((resolve) => {
            if (native instanceof pg.Pool) native.end(() => resolve());
            else native.end(() => resolve());
          });
        };
        return { database: openDatabase(knex), close };
      },
    ],
  ];

  test.each(pools)('%s answers 503 meanwhile, and writes again afterwards without a restart', async (_, open) => {
    await readOnly(true);
    const { database, close } = open();
    const models = bindModels(database.knex);
    const tables = tableNamesOf(models);
    const tokens = new TokenRepository(models);
    const fixture = { database, models, tables, tokens } as Fixture;
    const onServer = { ...fixture, tokens: new TokenRepository(bindModels(administrator.knex)) } as Fixture;
    try {
      // Several connections, all of which are stuck with the old server.
      await Promise.all(
        Array.from({ length: 4 }, () => tokens.revokeAccessToken(newToken().hash).catch(() => undefined)),
      );
      const { hash } = newToken();
      await readOnly(false);
      await storeToken(onServer, { tokenHash: hash, userId: 'alice' });
      await readOnly(true);
      for (let more = 0; more < 4; more += 1) {
        await expect(storeToken(fixture)).rejects.toBeInstanceOf(TemporarilyUnavailableError);
        await expect(tokens.revokeAllOf({ userId: 'alice' })).rejects.toBeInstanceOf(TemporarilyUnavailableError);
      }
      // What only reads goes on.
      expect(await tokens.findAccessTokenByHash(hash)).toMatchObject({ userId: 'alice' });
      await readOnly(false);
      await until(async () => {
        const stored = await storeToken(fixture).catch((error: unknown) => error);
        if (stored instanceof Error) expect(stored).toBeInstanceOf(TemporarilyUnavailableError);
        return !(stored instanceof Error);
      }, 100);
      await until(async () => {
        const all = await Promise.allSettled(Array.from({ length: 8 }, () => storeToken(fixture)));
        return all.every(({ status }) => status === 'fulfilled');
      }, 100);
      expect(await tokens.revokeAccessToken(hash)).toBe(true);
    } finally {
      await readOnly(false);
      await close();
    }
  });

  test('is renewed by the prepared statement of the writer as well', async () => {
    await readOnly(true);
    const database = openDatabase(fresh.url);
    try {
      const models = bindModels(database.knex);
      const tables = tableNamesOf(models);
      const tokens = new TokenRepository(models);
      const writer = createTokenWriter({ database, models, tables, tokens, ownModel: false });
      const token = () => ({
        ...{ tokenHash: newToken().hash, scope: 'read', audience: null },
        ...{ createdAtMilliseconds: Date.now(), expiresAtMilliseconds: Date.now() + 60_000 },
      });
      await readOnly(false);
      const applications = new ApplicationRepository(bindModels(administrator.knex));
      const application = await newApplication({ applications } as Fixture);
      await readOnly(true);
      const refused = await Promise.allSettled(
        Array.from({ length: 8 }, () => writer.insertIfUnchanged(application, token())),
      );
      for (const one of refused) {
        expect((one as PromiseRejectedResult).reason).toBeInstanceOf(TemporarilyUnavailableError);
      }
      await readOnly(false);
      await until(async () => writer.insertIfUnchanged(application, token()).catch(() => false), 100);
    } finally {
      await readOnly(false);
      await database.knex.destroy();
    }
  });

  if (kind === 'mariadb') {
    test('by its option read_only (1290) is left by every connection, at most once a second', async () => {
      const { knex } = administrator;
      await knex.raw("CREATE USER IF NOT EXISTS 'guard'@'127.0.0.1'");
      await knex.raw("GRANT SELECT, INSERT, UPDATE, DELETE ON failover.* TO 'guard'@'127.0.0.1'");
      const own = new URL(fresh.url);
      own.username = 'guard';
      const database = openDatabase(own.href);
      const tokens = new TokenRepository(bindModels(database.knex));
      const fixture = { database, tokens } as Fixture;
      const connectionIds = async () => {
        const answers = await Promise.all(
          Array.from(
            { length: 3 },
            async () => (await database.knex.raw('SELECT CONNECTION_ID() AS id, SLEEP(0.05)'))[0],
          ),
        );
        return new Set(answers.map(([row]) => row.id as number));
      };
      try {
        const before = await connectionIds();
        await knex.raw('SET GLOBAL read_only = ON');
        const error = await storeToken(fixture).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(TemporarilyUnavailableError);
        expect((error as TemporarilyUnavailableError).details.detail).toContain('--read-only');
        const after = await connectionIds();
        expect([...after].filter((id) => before.has(id))).toEqual([]);
      } finally {
        await knex.raw('SET GLOBAL read_only = OFF');
        await database.knex.destroy();
      }
    });
  }
});

test('an SQLite database in memory is not thrown away because it was set to take no writes', async () => {
  const database = openDatabase(':memory:');
  try {
    await migrate(database.knex);
    const fixture = { database, tokens: new TokenRepository(bindModels(database.knex)) } as Fixture;
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash });
    await database.knex.raw('PRAGMA query_only = ON');
    await expect(storeToken(fixture)).rejects.toBeInstanceOf(TemporarilyUnavailableError);
    await database.knex.raw('PRAGMA query_only = OFF');
    expect(await fixture.tokens.revokeAccessToken(hash)).toBe(true);
  } finally {
    await database.knex.destroy();
  }
});
