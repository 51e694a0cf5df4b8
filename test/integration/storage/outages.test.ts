import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import type { Knex } from 'knex';
import { TemporarilyUnavailableError } from '../../../src/core/errors.js';
import {
  bindModels,
  createTokenReader,
  type Database,
  DEFAULT_TABLE_NAMES,
  migrate,
  openDatabase,
  type RevokedTokens,
  TokenRepository,
} from '../../../src/storage/index.js';
import { databaseKinds } from '../../support/services.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { type Fixture, newToken, openFixture, storeRefreshToken, storeToken, until } from './fixture.js';

const servers = databaseKinds().filter((kind) => kind !== 'sqlite');

/** Ends all connections to the fixture's database, as an administrator does. Answers how many there were. */
async function killConnections(fixture: Fixture, administrator: Knex): Promise<number> {
  const name = new URL(fixture.url).pathname.slice(1);
  if (fixture.database.dialect === 'postgres') {
    const { rows } = await administrator.raw(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ? AND pid <> pg_backend_pid()',
      [name],
    );
    return rows.length;
  }
  const [threads] = await administrator.raw(
    'SELECT ID AS thread FROM information_schema.PROCESSLIST WHERE DB = ? AND ID <> CONNECTION_ID()',
    [name],
  );
  for (const { thread } of threads) await administrator.raw(`KILL ${Number(thread)}`).catch(() => undefined);
  return threads.length;
}

describe.each(servers)('when connections to %s break', (kind) => {
  let fixture: Fixture;
  let administrator: Database;
  let hash: Buffer;

  beforeEach(async () => {
    fixture = await openFixture(kind);
    administrator = openDatabase(fixture.url);
    hash = newToken().hash;
    await storeToken(fixture, { tokenHash: hash, userId: 'alice' });
    await fillPool();
  });

  afterEach(async () => {
    await administrator.knex.destroy();
    await fixture.close();
  });

  /** Several pooled connections, each with the statement prepared. */
  async function fillPool(): Promise<void> {
    await Promise.all(Array.from({ length: 6 }, () => fixture.reader.read(hash)));
  }

  test('a connection that was killed between two reads is replaced, and the read succeeds', async () => {
    for (let round = 0; round < 5; round++) {
      await fillPool();
      expect(await killConnections(fixture, administrator.knex)).toBeGreaterThan(0);
      expect(await fixture.reader.read(hash)).toMatchObject({ userId: 'alice' });
    }
  });

  test('reads that are under way while connections are killed all succeed', async () => {
    for (let round = 0; round < 5; round++) {
      const reads = Array.from({ length: 30 }, () => fixture.reader.read(hash));
      const kill = killConnections(fixture, administrator.knex);
      for (const row of await Promise.all(reads)) expect(row).toMatchObject({ userId: 'alice' });
      await kill;
    }
  });

  test('a read whose connection is killed while the statement runs is done once more', async () => {
    const table = DEFAULT_TABLE_NAMES.accessTokens;
    let read: ReturnType<typeof fixture.reader.read>;
    const lock = await administrator.knex.client.acquireConnection();
    const run = (sql: string) => administrator.knex.raw(sql).connection(lock);
    try {
      if (kind === 'postgres') {
        await run('BEGIN');
        await run(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      } else {
        await run(`LOCK TABLES ${table} WRITE, ${table} AS t WRITE`);
      }
      read = fixture.reader.read(hash);
      const waiting = await waitingReader(kind);
      await administrator.knex.raw(kind === 'postgres' ? `SELECT pg_terminate_backend(${waiting})` : `KILL ${waiting}`);
      await until(async () => (await waitingReader(kind)) !== waiting);
    } finally {
      await run(kind === 'postgres' ? 'COMMIT' : 'UNLOCK TABLES');
      await administrator.knex.client.releaseConnection(lock);
    }
    expect(await read).toMatchObject({ userId: 'alice' });
  });

  /** The connection that waits for the locked table. */
  async function waitingReader(of: string): Promise<number> {
    let id: number | undefined;
    await until(async () => {
      if (of === 'postgres') {
        const { rows } = await administrator.knex.raw(
          "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE 'SELECT t.id%'",
        );
        id = rows[0]?.pid;
      } else {
        const [rows] = await administrator.knex.raw(
          "SELECT ID AS thread FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table%' AND DB = DATABASE()",
        );
        id = rows[0]?.thread;
      }
      return id !== undefined;
    });
    return id as number;
  }
});

describe.each(servers)('when others are in the way on %s', (kind) => {
  test('a transaction that the database gives up for a deadlock is run again', async () => {
    const fixture = await openFixture(kind);
    try {
      const { knex } = fixture.database;
      const { hash } = newToken();
      await storeToken(fixture, { tokenHash: hash, userId: 'alice' });
      await storeRefreshToken(fixture, { userId: 'alice' });
      for (let index = 0; index < 20; index++) await storeToken(fixture, { userId: 'weight' });

      let statements = 0;
      let revoked: Promise<RevokedTokens> | undefined;
      await knex.transaction(async (transaction) => {
        // The heavier transaction is the one that InnoDB lets live.
        await transaction('oauth2_access_tokens').where('user_id', 'weight').update({ scope: 'heavy' });
        await transaction('oauth2_access_tokens').where('token_hash', hash).update({ scope: 'held' });
        knex.on('query', () => statements++);
        // It holds the refresh token and waits for the access token…
        revoked = fixture.tokens.revokeAllOf({ userId: 'alice' });
        // InnoDB answers this from a cache that is not renewed while it is asked more often than ten times a second.
        await until(async () => (await waitingForLocks(kind, knex)) > 0, 200);
        // …and now each waits for the other.
        await transaction('oauth2_refresh_tokens').where('user_id', 'alice').update({ scope: 'held' });
      });
      expect((await revoked)?.count).toBe(2);
      expect(statements).toBeGreaterThan(7);
    } finally {
      await fixture.close();
    }
  });
});

async function waitingForLocks(kind: string, knex: Knex): Promise<number> {
  if (kind === 'postgres') {
    const { rows } = await knex.raw(
      "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    return rows.length;
  }
  const [rows] = await knex.raw(
    "SELECT 1 FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id WHERE t.trx_state = 'LOCK WAIT' AND p.DB = DATABASE()",
  );
  return rows.length;
}

describe.each(servers)('when %s is unavailable', (kind) => {
  let fixture: Fixture;
  let proxy: TcpProxy;
  let database: Database;
  let tokens: TokenRepository;
  let hash: Buffer;

  beforeEach(async () => {
    fixture = await openFixture(kind);
    const url = new URL(fixture.url);
    proxy = new TcpProxy(url.hostname, Number(url.port || (kind === 'postgres' ? 5432 : 3306)));
    await proxy.start();
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    database = openDatabase(url.href);
    tokens = new TokenRepository(bindModels(database.knex));
    hash = newToken().hash;
    await storeToken(fixture, { tokenHash: hash });
  });

  afterEach(async () => {
    await database.knex.destroy();
    await proxy.stop();
    await fixture.close();
  });

  test('reads and verbs say so with the cause, and work again when it is back', async () => {
    const reader = createTokenReader(database, DEFAULT_TABLE_NAMES);
    expect(await reader.read(hash)).toBeDefined();
    await proxy.stop();
    for (const work of [
      async () => reader.read(hash),
      () => tokens.findAccessTokenByHash(hash),
      () => tokens.revokeAccessToken(hash),
      () => tokens.revokeAllOf({ userId: 'alice' }),
      () => tokens.clearExpired(),
      () => migrate(database.knex),
    ]) {
      const error = await work().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(TemporarilyUnavailableError);
      expect((error as Error).cause).toEqual(expect.objectContaining({ message: expect.any(String) }));
      expect((error as TemporarilyUnavailableError).toJSON()).toEqual({
        error: 'temporarily_unavailable',
        error_description: 'The server is temporarily unable to decide on this request.',
      });
    }
    await proxy.start();
    expect(await reader.read(hash)).toBeDefined();
    expect(await tokens.revokeAccessToken(hash)).toBe(true);
  });

  test('a server that is frozen is given up after the deadline, and used again once it moves', async () => {
    const reader = createTokenReader(database, DEFAULT_TABLE_NAMES, { timeoutMilliseconds: 300 });
    expect(await reader.read(hash)).toBeDefined();
    proxy.freeze();
    await expect(reader.read(hash)).rejects.toThrow(TemporarilyUnavailableError);
    await Promise.all(
      Array.from({ length: 20 }, async () =>
        expect(async () => reader.read(hash)).rejects.toThrow(TemporarilyUnavailableError),
      ),
    );
    proxy.thaw();
    await until(async () => {
      try {
        return (await reader.read(hash)) !== undefined;
      } catch {
        return false;
      }
    });
  });

  test('a pool without a free connection is given up after its time, and lends again afterwards', async () => {
    const url = new URL(fixture.url);
    const small = openDatabase({
      client: database.knex.client.config.client,
      connection:
        kind === 'postgres'
          ? fixture.url
          : { host: url.hostname, port: Number(url.port), user: url.username, database: url.pathname.slice(1) },
      pool: { min: 0, max: 1 },
      acquireConnectionTimeout: 200,
    });
    try {
      const reader = createTokenReader(small, DEFAULT_TABLE_NAMES);
      const only = await small.knex.client.acquireConnection();
      await expect(async () => reader.read(hash)).rejects.toThrow(TemporarilyUnavailableError);
      await expect(new TokenRepository(bindModels(small.knex)).listFor('alice')).rejects.toThrow(
        TemporarilyUnavailableError,
      );
      await small.knex.client.releaseConnection(only);
      expect(await reader.read(hash)).toBeDefined();
    } finally {
      await small.knex.destroy();
    }
  });
});

test('a database that refuses the credentials is unavailable as well, and the password is in no message', async () => {
  for (const url of [
    'mysql://nobody:s3cret@127.0.0.1:3306/x',
    'mysql://nobody:s3cret@127.0.0.1:1/x',
    'postgres://nobody:s3cret@127.0.0.1:1/x',
  ]) {
    const database = openDatabase(url);
    const read = async () => createTokenReader(database, DEFAULT_TABLE_NAMES).read(newToken().hash);
    const error = (await read().catch((reason: unknown) => reason)) as TemporarilyUnavailableError;
    expect(error).toBeInstanceOf(TemporarilyUnavailableError);
    expect(`${error.message} ${error.details.detail} ${String(error.cause)}`).not.toContain('s3cret');
    await database.knex.destroy();
  }
});

describe('on SQLite', () => {
  let fixture: Fixture;

  beforeEach(async () => {
    fixture = await openFixture('sqlite');
  });

  afterEach(() => fixture.close());

  test('while another process writes, reads go on; a write gives up after a while and succeeds later', async () => {
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash });
    const other = new Sqlite(fixture.url.slice('sqlite:'.length));
    try {
      other.exec('BEGIN IMMEDIATE');
      expect(await fixture.reader.read(hash)).toBeDefined();
      await expect(fixture.tokens.revokeAccessToken(hash)).rejects.toThrow(TemporarilyUnavailableError);
      other.exec('COMMIT');
    } finally {
      other.close();
    }
    expect(await fixture.tokens.revokeAccessToken(hash)).toBe(true);
  });

  test('what another process has written is read at once', async () => {
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash });
    await fixture.reader.read(hash);
    const other = new Sqlite(fixture.url.slice('sqlite:'.length));
    other.prepare('UPDATE oauth2_access_tokens SET revoked_at_ms = 5').run();
    other.close();
    expect(fixture.reader.read(hash)).toMatchObject({ revokedAtMilliseconds: 5 });
  });

  test('after the database was closed, a read says that it cannot be answered', async () => {
    await fixture.reader.read(newToken().hash);
    await fixture.database.knex.destroy();
    await expect(async () => fixture.reader.read(newToken().hash)).rejects.toThrow(TemporarilyUnavailableError);
  });
});
