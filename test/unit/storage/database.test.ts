import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import createKnex, { type Knex } from 'knex';
import { ConfigurationError } from '../../../src/core/errors.js';
import { type Database, openDatabase } from '../../../src/storage/database.js';
import { configOfUrl, redactUrl } from '../../../src/storage/database-url.js';

let folder: string;
let opened = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oauth2-open-database-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function using(source: string | Knex | Knex.Config, use: (database: Database) => Promise<void>): Promise<void> {
  const database = openDatabase(source);
  try {
    await use(database);
  } finally {
    await database.knex.destroy();
  }
}

describe('the forms of an SQLite database', () => {
  test.each([
    ['a path', (path: string) => path],
    ['a relative path', (path: string) => relative(process.cwd(), path)],
    ['sqlite:path', (path: string) => `sqlite:${path}`],
    ['sqlite://path', (path: string) => `sqlite://${relative(process.cwd(), path)}`],
    ['sqlite:///absolute', (path: string) => `sqlite://${path}`],
    ['SQLite: in any case', (path: string) => `SQLite:${path}`],
    ['file:path', (path: string) => `file:${path}`],
    ['a file URL', (path: string) => pathToFileURL(path).href],
  ])('%s opens the file and creates its folder', async (_form, write) => {
    const path = join(folder, String(opened++), 'sub folder', 'x.sqlite');
    await using(write(path), async ({ knex, dialect, owned }) => {
      await knex.schema.createTable('t', (table) => table.increments());
      expect([dialect, owned, existsSync(path)]).toEqual(['sqlite', true, true]);
    });
  });

  test.each([':memory:', 'sqlite::memory:'])('%s keeps everything in memory, on one connection', async (url) => {
    await using(url, async ({ knex }) => {
      await knex.schema.createTable('t', (table) => table.increments());
      const answers = await Promise.all(Array.from({ length: 20 }, () => knex('t').count({ rows: '*' })));
      expect(answers).toHaveLength(20);
      expect(existsSync(':memory:')).toBe(false);
    });
  });

  test('a file has a write-ahead log, patience with other writers, and foreign keys that hold', async () => {
    await using(join(folder, 'pragmas.sqlite'), async ({ knex }) => {
      const pragma = async (name: string) => Object.values((await knex.raw(`PRAGMA ${name}`))[0])[0];
      expect([await pragma('journal_mode'), await pragma('busy_timeout'), await pragma('foreign_keys')]).toEqual([
        'wal',
        2000,
        1,
      ]);
    });
  });

  test("a configuration of the host's gets the same, beside its own afterCreate", async () => {
    let created = 0;
    const config: Knex.Config = {
      client: 'better-sqlite3',
      connection: { filename: join(folder, 'config', 'x.sqlite') },
      pool: {
        afterCreate: (_: unknown, done: () => void) => {
          created++;
          done();
        },
      },
    };
    await using(config, async ({ knex }) => {
      expect((await knex.raw('PRAGMA journal_mode'))[0]).toEqual({ journal_mode: 'wal' });
      expect(created).toBe(1);
    });
  });
});

describe('the forms of a server database', () => {
  test('a MySQL URL becomes host, port, user, password and database, decoded', () => {
    for (const scheme of ['mysql', 'mariadb']) {
      expect(configOfUrl(`${scheme}://us%40er:p%3Ass@db.example:3307/my%2Dshop?ssl=true`)).toEqual({
        client: 'mysql2',
        connection: {
          host: 'db.example',
          port: 3307,
          user: 'us@er',
          password: 'p:ss',
          database: 'my-shop',
          charset: 'utf8mb4',
          connectTimeout: 5000,
          ssl: {},
        },
      });
    }
  });

  test('the port of MySQL and TLS options have their defaults and forms', () => {
    const { connection } = configOfUrl('mysql://root@[::1]/x?ssl={"rejectUnauthorized":false}&socketPath=/run/my.sock');
    expect(connection).toMatchObject({
      host: '::1',
      port: 3306,
      ssl: { rejectUnauthorized: false },
      socketPath: '/run/my.sock',
    });
  });

  test('a PostgreSQL URL is left to pg, with a bound on connecting', () => {
    for (const scheme of ['postgres', 'postgresql']) {
      const url = `${scheme}://u:p@h:5433/shop?sslmode=require`;
      expect(configOfUrl(url)).toEqual({
        client: 'pg',
        connection: { connectionString: url, connectionTimeoutMillis: 5000, keepAlive: true },
      });
    }
  });

  test('a knex instance stays the host’s', async () => {
    const knex = createKnex({ client: 'better-sqlite3', connection: { filename: ':memory:' }, useNullAsDefault: true });
    expect(openDatabase(knex)).toEqual({ knex, owned: false, dialect: 'sqlite' });
    await knex.destroy();
  });
});

describe('what cannot be opened is refused at once, with the fix', () => {
  test.each<[unknown, RegExp]>([
    ['', /empty string/],
    [undefined, /database is undefined/],
    [42, /database is 42/],
    ['redis://localhost', /unknown scheme/],
    ['localhost:3306', /unknown scheme/],
    ['mysql://root@localhost', /names no database/],
    ['mysql://root@localhost/', /names no database/],
    ['mysql:root@localhost/x', /two slashes|not a URL/],
    ['mysql://root@localhost:99999/x', /not a URL/],
    ['mysql://root@localhost/x?pool=3', /unknown parameter "pool"/],
    ['mysql://root@localhost/x?ssl=maybe', /ssl is "maybe"/],
    ['mysql://root@localhost/%E0%A4%A', /percent-escape/],
    ['postgres://localhost', /names no database/],
    ['sqlite:', /names no file/],
    ['sqlite:x.sqlite?mode=ro', /takes none/],
    ['file://other-host/x', /not a file URL/],
    [{ client: 'mssql' }, /database\.client is "mssql"/],
    [{ client: 'better-sqlite3', connection: {} }, /filename is missing/],
  ])('%p', (source, message) => {
    expect(() => openDatabase(source as string)).toThrow(ConfigurationError);
    expect(() => openDatabase(source as string)).toThrow(message);
  });

  test('a folder that cannot be created', async () => {
    await writeFile(join(folder, 'a-file'), '');
    expect(() => openDatabase(join(folder, 'a-file', 'x.sqlite'))).toThrow(/cannot be created/);
  });

  test.each([
    'mysql://user:s3cret@host:99999/x',
    'mysql://user:s3cret@host',
    'mysql://user:s3@cret@host/x?y=1',
    'nosuch://user:s3cret@host/x',
    'postgres://:s3cret@host',
  ])('%s never shows its password', (url) => {
    expect(redactUrl(url)).not.toMatch(/s3|cret/);
    let message = '';
    try {
      openDatabase(url);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain('***');
    expect(message).not.toMatch(/s3|cret/);
  });
});
