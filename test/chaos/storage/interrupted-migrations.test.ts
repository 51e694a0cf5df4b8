import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TemporarilyUnavailableError } from '../../../src/core/errors.js';
import {
  assertMigrated,
  type Database,
  MIGRATION_NAMES,
  MIGRATIONS_TABLE,
  migrate,
  migrationStatus,
  openDatabase,
  releaseMigrationLock,
  rollback,
} from '../../../src/storage/index.js';
import { schemaOf } from '../../integration/storage/schema-of.js';
import { type DatabaseKind, databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

/** Each statement costs a process, or a connection. */
const PATIENCE_MILLISECONDS = 300_000;

const CHANGES_SCHEMA = /^\s*(create|alter|drop)\b/i;

/** How an attempt to migrate ended. */
type Ended = 'interrupted' | 'done';

/** Runs `verb` and interrupts it after its n-th statement that changes the schema. */
type Attempt = (url: string, verb: 'migrate' | 'rollback', n: number) => Promise<Ended>;

/** A process that will be told what to do: while one works, the next is loading. */
function startProcess() {
  const script = resolve('test/chaos/storage/migrating-process.mjs');
  const child = spawn(process.execPath, [script], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return { child, exit: once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]> };
}
let waiting: ReturnType<typeof startProcess> | undefined;
afterAll(async () => {
  waiting?.child.stdin.end();
  await waiting?.exit;
});

/** The process is killed: nothing of it gets the chance to tidy up. */
const killed: Attempt = async (url, verb, n) => {
  const { child, exit } = waiting ?? startProcess();
  waiting = startProcess();
  child.stdin.end(`${url} ${verb} ${n}`);
  const [code, signal] = await exit;
  if (signal === 'SIGKILL') return 'interrupted';
  expect(code).toBe(0);
  return 'done';
};

/** The connection is cut: the process goes on, and its caller is told. */
const cut: Attempt = async (url, verb, n) => {
  const target = new URL(url);
  const proxy = new TcpProxy(target.hostname, Number(target.port));
  await proxy.start();
  target.port = String(proxy.port);
  target.hostname = '127.0.0.1';
  const { knex } = openDatabase(target.href);
  let done = 0;
  knex.on('query-response', (_response: unknown, { sql }: { readonly sql: string }) => {
    if (!CHANGES_SCHEMA.test(sql)) return;
    done += 1;
    if (done === n) proxy.cut();
  });
  try {
    await (verb === 'migrate' ? migrate : rollback)(knex);
    return 'done';
  } catch (error) {
    expect(error).toBeInstanceOf(TemporarilyUnavailableError);
    return 'interrupted';
  } finally {
    await knex.destroy();
    await proxy.stop();
  }
};

/**
 * Interrupts after each statement in turn, until an attempt gets through.
 *
 * On MySQL each statement stays, so each attempt is interrupted after the first that it runs. One that may run twice
 * (`drop … if exists`) would stop there for ever; the next attempt passes it. Elsewhere each attempt begins anew.
 */
async function walk(
  { kind, database, url }: { readonly kind: DatabaseKind; readonly database: Database; readonly url: string },
  verb: 'migrate' | 'rollback',
  attempt: Attempt,
): Promise<number> {
  let before: unknown;
  for (let interruptions = 0; ; interruptions++) {
    const noted = kind === 'mariadb' ? await notedStep(database) : undefined;
    const isStuck = noted !== undefined && JSON.stringify(noted) === JSON.stringify(before);
    before = noted;
    if ((await attempt(url, verb, kind === 'mariadb' ? (isStuck ? 2 : 1) : interruptions + 1)) === 'done') {
      return interruptions;
    }
  }
}

async function notedStep({ knex }: Database): Promise<unknown> {
  const table = 'oauth2_migrations_unfinished';
  return (await knex.schema.hasTable(table)) ? knex(table).first('name', 'direction', 'statements_done') : undefined;
}

describe.each(databaseKinds())('an interrupted migration on %s', (kind) => {
  let fresh: FreshDatabase;
  let database: Database;
  let whole: unknown;
  // A process costs far more than a connection.
  const interrupted = kind === 'sqlite' ? killed : cut;

  beforeAll(async () => {
    const undisturbed = await freshDatabase(kind);
    const other = openDatabase(undisturbed.url);
    await migrate(other.knex);
    whole = await schemaOf(other.knex);
    await other.knex.destroy();
    await undisturbed.drop();
  });

  beforeEach(async () => {
    fresh = await freshDatabase(kind);
    database = openDatabase(fresh.url);
  });

  afterEach(async () => {
    await database.knex.destroy();
    await fresh.drop();
  });

  async function expectWhole(): Promise<void> {
    await assertMigrated(database.knex);
    expect(await schemaOf(database.knex)).toEqual(whole);
    expect(await migrationStatus(database.knex)).toMatchObject({
      applied: MIGRATION_NAMES,
      pending: [],
      unfinished: null,
    });
    expect(await database.knex('oauth2_database_identity').pluck('id')).toHaveLength(1);
  }

  test(
    'killed after each single statement: the next migrate ends in the schema of an undisturbed one',
    async () => {
      expect(await walk({ kind, database, url: fresh.url }, 'migrate', killed)).toBeGreaterThan(30);
      await expectWhole();
    },
    PATIENCE_MILLISECONDS,
  );

  // SQLite has no connection that could be cut.
  if (kind !== 'sqlite')
    test(
      'its connection cut after each single statement: the next migrate ends in the schema of an undisturbed one',
      async () => {
        expect(await walk({ kind, database, url: fresh.url }, 'migrate', cut)).toBeGreaterThan(30);
        await expectWhole();
      },
      PATIENCE_MILLISECONDS,
    );

  test(
    'on a database with rows, interrupted after each statement of the later migrations: no row is lost',
    async () => {
      const rows = await fillSchemaVersion2(database);
      expect(await walk({ kind, database, url: fresh.url }, 'migrate', interrupted)).toBeGreaterThan(5);
      await expectWhole();
      for (const [table, before] of rows) {
        expect([table, await database.knex(table).orderBy('id')]).toMatchObject([table, before]);
      }
    },
    PATIENCE_MILLISECONDS,
  );

  test(
    'a rollback that is interrupted after each single statement ends with its own batch, and migrate makes the schema again',
    async () => {
      await migrate(database.knex);
      // The last migration is a batch of its own, and so is the first: what is rolled back after an interruption is the rest
      // of the last batch only.
      const last = MIGRATION_NAMES.length - 1;
      for (const [index, name] of MIGRATION_NAMES.entries()) {
        await database
          .knex(MIGRATIONS_TABLE)
          .where({ name })
          .update({ batch: index === 0 ? 1 : index === last ? 3 : 2 });
      }
      await rollback(database.knex);
      expect(await walk({ kind, database, url: fresh.url }, 'rollback', interrupted)).toBeGreaterThan(5);
      expect((await migrationStatus(database.knex)).applied).toEqual([MIGRATION_NAMES[0]]);
      await migrate(database.knex);
      await expectWhole();
    },
    PATIENCE_MILLISECONDS,
  );

  test('a rollback that is killed halfway is finished by migrate, which then migrates', async () => {
    await migrate(database.knex);
    expect(await killed(fresh.url, 'rollback', 4)).toBe('interrupted');
    if (kind === 'mariadb')
      expect(await migrationStatus(database.knex)).toMatchObject({ unfinished: expect.any(String) });
    await migrate(database.knex);
    await expectWhole();
  });
});

describe.each(databaseKinds().filter((kind) => kind !== 'sqlite'))('the lock of a process on %s', (kind) => {
  let fresh: FreshDatabase;
  let database: Database;

  beforeEach(async () => {
    fresh = await freshDatabase(kind);
    database = openDatabase(fresh.url);
  });

  afterEach(async () => {
    await database.knex.destroy();
    await fresh.drop();
  });

  /** Migrates through a proxy that freezes at the first statement that changes the schema. */
  async function frozen(): Promise<{ readonly proxy: TcpProxy; readonly end: () => Promise<void> }> {
    const target = new URL(fresh.url);
    const proxy = new TcpProxy(target.hostname, Number(target.port));
    await proxy.start();
    target.hostname = '127.0.0.1';
    target.port = String(proxy.port);
    const other = openDatabase(target.href);
    const reached = new Promise<void>((done) => {
      other.knex.on('query-response', (_response: unknown, { sql }: { readonly sql: string }) => {
        if (!CHANGES_SCHEMA.test(sql)) return;
        proxy.freeze();
        done();
      });
    });
    const migrating = migrate(other.knex).catch(() => undefined);
    await reached;
    const end = async () => {
      proxy.thaw();
      await proxy.stop();
      await migrating;
      await other.knex.destroy();
    };
    return { proxy, end };
  }

  test('is waited for while it may be alive; whoever gives up is told which connection holds it', async () => {
    const { end } = await frozen();
    try {
      await expect(migrate(database.knex, { waitMilliseconds: 300 })).rejects.toThrow(
        /Connection \d+ of the database server has held the migration lock/,
      );
    } finally {
      await end();
    }
  });

  test('ends with its connection: nobody has to release it after a crash', async () => {
    const { proxy, end } = await frozen();
    try {
      proxy.cut();
      expect(await migrate(database.knex, { waitMilliseconds: 20_000 })).toEqual(MIGRATION_NAMES);
    } finally {
      await end();
    }
  });

  test('of a frozen process is released on demand, by ending its connection', async () => {
    const { end } = await frozen();
    try {
      await releaseMigrationLock(database.knex);
      expect(await migrate(database.knex, { waitMilliseconds: 20_000 })).toEqual(MIGRATION_NAMES);
    } finally {
      await end();
    }
  });
});

/** Brings a database to schema version 2 and stores rows in it, as a process of that version did. */
async function fillSchemaVersion2({ knex }: Database): Promise<(readonly [table: string, rows: unknown[]])[]> {
  await migrate(knex);
  const [, , ...later] = MIGRATION_NAMES;
  await knex(MIGRATIONS_TABLE).whereIn('name', later).update({ batch: 2 });
  await rollback(knex);
  const times = { created_at_ms: 1, updated_at_ms: 1 };
  const hash = (byte: number) => Buffer.alloc(32, byte);
  await knex('oauth2_applications').insert({
    ...{ id: 1, client_id: 'first', name: 'First', client_type: 'public', skip_authorization: false },
    ...{ grant_types: '[]', redirect_uris: '[]', ...times },
  });
  const token = { application_id: 1, user_id: '5', scope: 'read', expires_at_ms: 9, created_at_ms: 1 };
  await knex('oauth2_access_tokens').insert({ id: 1, ...token, token_hash: hash(1), family_id: 'f' });
  await knex('oauth2_refresh_tokens').insert({
    ...{ id: 1, ...token, token_hash: hash(2), family_id: 'f', access_token_id: 1, family_expires_at_ms: 9 },
  });
  await knex('oauth2_device_codes').insert({
    ...{ id: 1, application_id: 1, scope: 'read', expires_at_ms: 9, created_at_ms: 1 },
    ...{ device_code_hash: hash(3), user_code_hash: hash(4) },
  });
  await knex('oauth2_consents').insert({ id: 1, user_id: '5', application_id: 1, scope: 'read', ...times });
  await knex('oauth2_signing_keys').insert({
    ...{ id: 1, kid: 'k', private_key_encrypted: hash(5), created_at_ms: 1 },
  });
  const tables = ['applications', 'access_tokens', 'refresh_tokens', 'device_codes', 'consents', 'signing_keys'];
  const rows: (readonly [string, unknown[]])[] = [];
  for (const table of tables.map((name) => `oauth2_${name}`)) rows.push([table, await knex(table).orderBy('id')]);
  return rows;
}
