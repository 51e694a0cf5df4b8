import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import createKnex, { type Knex } from 'knex';
import { ConfigurationError } from '../../../src/core/errors.js';
import { type Database, openDatabase } from '../../../src/storage/database.js';
import { configOfUrl } from '../../../src/storage/database-url.js';

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

  test("a configuration of the host's gets the same, alongside its own afterCreate", async () => {
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
      const url = `${scheme}://u:p@h:5433/shop?application_name=shop`;
      expect(configOfUrl(url)).toEqual({
        client: 'pg',
        connection: { connectionString: url, connectionTimeoutMillis: 5000, keepAlive: true },
      });
    }
  });

  test.each(['pool=3&acquire-timeout=2&connect-timeout=7', 'POOL=3&acquire_timeout=2&connectTimeout=7'])(
    'pool and time-outs are said in the URL of either server, in any spelling: %s',
    (parameters) => {
      const mysql = configOfUrl(`mysql://root@h/x?${parameters}&charset=utf8mb4&socketPath=/run/my.sock`);
      expect(mysql).toMatchObject({
        pool: { min: 0, max: 3 },
        acquireConnectionTimeout: 2_000,
        connection: { connectTimeout: 7_000, charset: 'utf8mb4', socketPath: '/run/my.sock' },
      });
      const postgres = configOfUrl(`postgres://u:p%40@h/x?${parameters}&application_name=shop&client_encoding=UTF8`);
      expect(postgres).toEqual({
        client: 'pg',
        pool: { min: 0, max: 3 },
        acquireConnectionTimeout: 2_000,
        connection: {
          connectionString: 'postgres://u:p%40@h/x?application_name=shop',
          connectionTimeoutMillis: 7_000,
          keepAlive: true,
        },
      });
    },
  );

  test.each<[string, object | false, object | undefined]>([
    ['ssl-mode=disabled', false, undefined],
    ['sslmode=disable', false, undefined],
    [
      'ssl-mode=required',
      { rejectUnauthorized: false, checkServerIdentity: expect.any(Function) },
      { rejectUnauthorized: false, verifyIdentity: false },
    ],
    [
      'sslmode=require',
      { rejectUnauthorized: false, checkServerIdentity: expect.any(Function) },
      { rejectUnauthorized: false, verifyIdentity: false },
    ],
    [
      'sslmode=require&ssl-ca=CA',
      { ca: 'pem', rejectUnauthorized: true, checkServerIdentity: expect.any(Function) },
      { ca: 'pem', rejectUnauthorized: true, verifyIdentity: false },
    ],
    [
      'ssl-mode=verify-ca',
      { rejectUnauthorized: true, checkServerIdentity: expect.any(Function) },
      { rejectUnauthorized: true, verifyIdentity: false },
    ],
    ['ssl-mode=VERIFY_IDENTITY', { rejectUnauthorized: true }, { rejectUnauthorized: true, verifyIdentity: true }],
    ['sslmode=verify-full', { rejectUnauthorized: true }, { rejectUnauthorized: true, verifyIdentity: true }],
    [
      'ssl-ca=CA&ssl-cert=CA&ssl-key=CA',
      { ca: 'pem', cert: 'pem', key: 'pem', rejectUnauthorized: true },
      { ca: 'pem', cert: 'pem', key: 'pem', rejectUnauthorized: true, verifyIdentity: true },
    ],
  ])('TLS is said in the URL of either server: %s', async (parameters, forPostgres, forMysql) => {
    await writeFile(join(folder, 'ca.pem'), 'pem');
    const query = parameters.replaceAll('CA', encodeURIComponent(join(folder, 'ca.pem')));
    const ssl = (url: string) => (configOfUrl(url).connection as { ssl?: unknown }).ssl;
    expect(ssl(`postgres://u@h/x?${query}`)).toEqual(forPostgres);
    expect(ssl(`mysql://u@h/x?${query}`)).toEqual(forMysql);
    expect(ssl(`postgres://u@h/x?${query.replace('ssl-ca', 'sslrootcert')}`)).toEqual(forPostgres);
  });

  test('a knex instance stays the host’s', async () => {
    const knex = createKnex({ client: 'better-sqlite3', connection: { filename: ':memory:' }, useNullAsDefault: true });
    expect(openDatabase(knex)).toEqual({ knex, owned: false, dialect: 'sqlite' });
    await knex.destroy();
  });
});

describe('what cannot be opened is refused at once, with the fix', () => {
  test.each<[unknown, RegExp]>([
    ['', /it is empty/],
    [undefined, /database cannot be undefined/],
    [42, /database cannot be 42/],
    ['redis://localhost', /its scheme is not known/],
    ['localhost:3306', /its scheme is not known/],
    ['mysql://root@localhost', /contains no database/],
    ['mysql://root@localhost/', /contains no database/],
    ['mysql:root@localhost/x', /two slashes|not a URL/],
    ['mysql://root@localhost:99999/x', /not a URL/],
    ['mysql://root@localhost/x?pol=3', /unknown parameter "pol"; did you mean "pool"\?/],
    ['mysql://root@localhost/x?sslmod=required', /did you mean "ssl-mode"\?/],
    ['mysql://root@localhost/x?conect-timeout=3', /did you mean "connect-timeout"\?/],
    ['postgres://root@localhost/x?aplication_name=3', /did you mean "application_name"\?/],
    ['postgres://root@localhost/x?charset=latin1', /unknown parameter/],
    ['postgres://root@localhost/x?client_encoding=latin1', /client-encoding/],
    ['mysql://root@localhost/x?charset=latin1', /charset cannot be a string: use 'utf8mb4'/],
    ['mysql://root@localhost/x?pool=0', /pool cannot be 0: give a whole number from 1/],
    ['mysql://root@localhost/x?pool=many', /pool cannot be "many"/],
    ['mysql://root@localhost/x?pool=3&POOL=4', /given twice/],
    ['mysql://root@localhost/x?pool=', /give it a value/],
    ['mysql://root@localhost/x?connect-timeout=5s', /connect-timeout cannot be (a string|"5s"): give a whole number/],
    ['mysql://root@localhost/x?ssl-mode=preferred', /ssl-mode cannot be "preferred": .* use required/],
    ['postgres://root@localhost/x?sslmode=verify', /use 'disabled'/],
    ['mysql://root@localhost/x?ssl-mode=required&ssl=true', /omit ssl/],
    ['mysql://root@localhost/x?ssl-ca=/nowhere', /ssl-ca cannot be .* PEM file/],
    ['mysql://root@localhost/x?ssl-mode=disabled&ssl-ca=package.json', /certificates are given too/],
    ['mysql://root@127.0.0.1/x?ssl-mode=verify-identity', /write the server's name, or use verify-ca/],
    ['mysql://root@localhost/x?ssl=maybe', /ssl cannot be a string: use ssl-mode/],
    ['mysql://root@localhost/%E0%A4%A', /percent-escape/],
    ['postgres://localhost', /contains no database/],
    ['sqlite:', /contains no file/],
    ['sqlite:x.sqlite?mode=ro', /takes no parameters/],
    ['file://other-host/x', /not a file URL/],
    [{ client: 'mssql' }, /database\.client cannot be "mssql"/],
    [{ client: 'better-sqlite3', connection: {} }, /filename cannot be undefined/],
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
    let message = '';
    try {
      openDatabase(url);
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toMatch(/^The option database cannot be/);
    expect(message).not.toMatch(/s3|cret/);
  });
});
