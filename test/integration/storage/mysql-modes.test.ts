import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import createKnex, { type Knex } from 'knex';
import Koa from 'koa';
import { type Connection, createConnection } from 'mysql2/promise';
import { ConfigurationError } from '../../../src/core/errors.js';
import { silentLogger } from '../../../src/core/logger.js';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { createOAuth2, type OAuth2, type OAuth2Options } from '../../../src/public/index.js';
import { openDatabase } from '../../../src/storage/index.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../support/http.js';
import { type MariadbProcess, startMariadb } from '../../support/mariadb-process.js';

/** One server, whose sessions are what its worst administrator makes of them. */
let server: MariadbProcess;
let administrator: Connection;
let databases = 0;

beforeAll(async () => {
  server = await startMariadb(
    ['--sql-mode=NO_BACKSLASH_ESCAPES', '--init-connect=SET NAMES latin1', '--skip-character-set-client-handshake'],
    ["CREATE USER 'application'@'127.0.0.1'", "GRANT ALL ON `oauth2\\_test\\_%`.* TO 'application'@'127.0.0.1'"],
  );
  administrator = await createConnection({ uri: server.url, charset: 'utf8mb4' });
  await administrator.query("SET SESSION sql_mode = 'STRICT_TRANS_TABLES', NAMES utf8mb4");
}, 120_000);

afterAll(async () => {
  await administrator?.end();
  await server?.stop();
});

async function newDatabase(): Promise<string> {
  databases += 1;
  const name = `oauth2_test_${databases}`;
  await administrator.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  return name;
}

const urlOf = (name: string): string => `mysql://application@127.0.0.1:${server.port}/${name}`;

/** A knex of the host's, as most are: nothing said of modes and character sets. */
function hostKnex(name: string, set?: string): Knex {
  return createKnex({
    client: 'mysql2',
    connection: { host: '127.0.0.1', port: server.port, user: 'application', database: name },
    pool: {
      min: 0,
      max: 4,
      afterCreate(connection: { query(sql: string, done: unknown): void }, done: (error?: unknown) => void) {
        if (set === undefined) done();
        else connection.query(set, (error: unknown) => done(error));
      },
    },
  });
}

interface Site {
  readonly url: string;
  readonly oauth2: OAuth2;
  readonly name: string;
  token(clientId: string, clientSecret: string): Promise<Response>;
  close(): Promise<void>;
}

/** Takes the connections that are open and at rest, so that whatever asks next needs a new one. */
async function takeOpenConnections(knex: Knex): Promise<unknown[]> {
  const taken: unknown[] = [];
  while (knex.client.pool.numFree() > 0) taken.push(await knex.client.acquireConnection());
  return taken;
}

/** Start-up may have opened several at once. */
async function closeOpenConnections(knex: Knex): Promise<void> {
  const open = await takeOpenConnections(knex);
  for (const one of open) Object.assign(one as object, { __knex__disposed: 'closed by a test' });
  await giveBack(knex, open);
}

async function giveBack(knex: Knex, connections: readonly unknown[]): Promise<void> {
  for (const one of connections) await knex.client.releaseConnection(one);
}

async function startSite(
  database: OAuth2Options['database'],
  name: string,
  options: Partial<OAuth2Options> = {},
): Promise<Site> {
  const http: Server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const oauth2 = createOAuth2({
    database,
    scopes: { read: 'Read your books' },
    logger: silentLogger,
    ...options,
    authorizationServer: authorizationServer({
      issuer: url,
      encryptionKeys: [Buffer.alloc(32, 7)],
      authenticate: () => undefined,
    }),
    users: { findById: (id) => ({ id }), isActive: () => true, idOf: (user) => (user as { id: string }).id },
  });
  const koa = new Koa();
  koa.silent = true;
  if (oauth2.authorizationServer !== undefined) koa.use(oauth2.authorizationServer.middleware());
  http.on('request', koa.callback());
  return {
    url,
    oauth2,
    name,
    token: (clientId, clientSecret) =>
      fetch(`${url}/oauth2/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: clientSecret,
          scope: 'read',
        }).toString(),
      }),
    async close() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await oauth2.close();
    },
  };
}

/** Whether a statement has run that a caller wrote: it would hold a lock of this name. */
async function isTaken(lock: number): Promise<boolean> {
  const [rows] = await administrator.query('SELECT IS_USED_LOCK(?) AS holder', [String(lock)]);
  return (rows as { holder: unknown }[])[0]?.holder !== null;
}

const attacks = (lock: number): string[] => [
  `' OR GET_LOCK(${lock}, 0) -- `,
  `\\' OR GET_LOCK(${lock}, 0) -- `,
  `\\\\' OR GET_LOCK(${lock}, 0) -- `,
  `" OR GET_LOCK(${lock}, 0) -- `,
  `x' || GET_LOCK(${lock}, 0) || '`,
];

/** Server modes and what a host may set on its sessions, under which the package must work unharmed. */
const MODES = [
  'NO_BACKSLASH_ESCAPES',
  'ANSI_QUOTES',
  'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT',
  'ANSI',
  'ORACLE',
  'EMPTY_STRING_IS_NULL',
  '',
  'STRICT_TRANS_TABLES',
];

describe.each(MODES)('on a server with sql_mode "%s", a pool of our own', (mode) => {
  let site: Site;
  let client: { clientId: string; clientSecret: string };

  beforeAll(async () => {
    await administrator.query('SET GLOBAL sql_mode = ?', [mode]);
    const name = await newDatabase();
    site = await startSite(urlOf(name), name);
    await site.oauth2.migrate();
    const created = await site.oauth2.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
    client = { clientId: created.application.clientId, clientSecret: created.clientSecret ?? '' };
  });

  afterAll(() => site.close());

  test('[ALL-63] no client_id becomes a part of a statement', async () => {
    const lock = 4_000 + databases;
    for (const clientId of attacks(lock)) {
      const response = await site.token(clientId, 'secret');
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: 'invalid_client' });
    }
    expect(await isTaken(lock)).toBe(false);
    expect((await site.token(client.clientId, client.clientSecret)).status).toBe(200);
  });

  test('[ALL-63] no id of a user becomes a part of a statement, and each is kept as it is', async () => {
    const lock = 5_000 + databases;
    const { tokens } = site.oauth2;
    for (const user of [...attacks(lock), '\\', "o'neil", '"', '\\"', '%']) {
      await tokens.issue({ user, application: client.clientId, scope: 'read' });
      const listed = await tokens.listFor(user);
      expect(listed).toHaveLength(1);
      expect(await site.oauth2.applications.list({ userId: user })).toEqual([]);
      expect(await tokens.revokeAllOf({ user })).toBe(1);
    }
    expect(await isTaken(lock)).toBe(false);
  });

  test('[ALL-63] its sessions read texts as they were written, and refuse what does not fit', async () => {
    const { knex } = site.oauth2;
    const [[session]] = await knex.raw(
      'SELECT @@sql_mode AS mode, @@character_set_client AS a, @@character_set_connection AS b, @@character_set_results AS c',
    );
    expect(session.mode).not.toMatch(/NO_BACKSLASH_ESCAPES|ANSI_QUOTES|EMPTY_STRING_IS_NULL/);
    expect(session.mode).toMatch(/STRICT_(TRANS|ALL)_TABLES/);
    expect([session.a, session.b, session.c]).toEqual(['utf8mb4', 'utf8mb4', 'utf8mb4']);
    if (mode.includes('PIPES_AS_CONCAT')) expect(session.mode).toContain('PIPES_AS_CONCAT');
    const overlong = knex('oauth2_applications').update({ client_type: 'x'.repeat(17) });
    await expect(overlong).rejects.toThrow(/too long/i);
  });

  test('[ALL-63] values reach the server as bound parameters, in transactions too', async () => {
    const name = `it's \\ "quoted" ž𝄞`;
    const own = (knex: Knex) => knex('oauth2_applications').where('client_id', client.clientId);
    const { knex } = site.oauth2;
    await knex.transaction(async (transaction) => {
      // Whatever happens to the session meanwhile: a bound parameter is never read as SQL.
      await transaction.raw("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'");
      await own(transaction as unknown as Knex).update({ name });
      expect(await own(transaction as unknown as Knex).pluck('name')).toEqual([name]);
      await transaction.raw("SET SESSION sql_mode = 'STRICT_TRANS_TABLES'");
    });
    expect(await own(knex).pluck('name')).toEqual([name]);
  });
});

test('[ALL-63] a connection that is made after the mode of the server changed is set up like the first', async () => {
  await administrator.query("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES'");
  const name = await newDatabase();
  const database = openDatabase(urlOf(name));
  const modes = async () => (await database.knex.raw('SELECT @@sql_mode AS mode'))[0][0].mode as string;
  try {
    expect(await modes()).not.toContain('NO_BACKSLASH_ESCAPES');
    await administrator.query("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'");
    const held = await database.knex.client.acquireConnection();
    expect(await modes()).not.toContain('NO_BACKSLASH_ESCAPES');
    await database.knex.client.releaseConnection(held);
  } finally {
    await database.knex.destroy();
  }
});

test('texts beyond latin1 are stored as they are, and found again, where init_connect says latin1', async () => {
  await administrator.query("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES'");
  const name = await newDatabase();
  const site = await startSite(urlOf(name), name);
  // Letters that latin1 lacks, one that is written in four bytes, and one that latin1 would read as two.
  const [shopName, userId] = ['書店 žluťoučký 𝄞', 'é-用户-𝄞'];
  try {
    await site.oauth2.migrate();
    const created = await site.oauth2.applications.create({
      name: shopName,
      userId,
      grantTypes: ['client_credentials'],
      mayIntrospect: true,
    });
    const { clientId } = created.application;
    const issued = await site.oauth2.tokens.issue({ user: userId, application: clientId, scope: 'read' });
    const answer = await fetch(`${site.url}/oauth2/introspect`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${clientId}:${created.clientSecret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token: issued.access_token }).toString(),
    });
    expect(await answer.json()).toMatchObject({ active: true, sub: userId });

    const [rows] = await administrator.query(
      `SELECT HEX(a.name) AS name, HEX(t.user_id) AS user FROM ${name}.oauth2_applications a JOIN ${name}.oauth2_access_tokens t ON t.application_id = a.id`,
    );
    const hex = (text: string) => Buffer.from(text, 'utf8').toString('hex').toUpperCase();
    expect(rows).toEqual([{ name: hex(shopName), user: hex(userId) }]);

    expect(await site.oauth2.applications.search({ name: 'žluťoučký 𝄞' })).toMatchObject([{ name: shopName, userId }]);
    expect(await site.oauth2.applications.list({ userId })).toHaveLength(1);
    expect(await site.oauth2.tokens.revokeAllOf({ user: userId })).toBe(1);
  } finally {
    await site.close();
  }
});

test('[ALL-63] where the server prepares no more statements, texts still end no literal', async () => {
  await administrator.query("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES'");
  const name = await newDatabase();
  const site = await startSite(urlOf(name), name);
  try {
    await site.oauth2.migrate();
    const created = await site.oauth2.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
    await administrator.query('SET GLOBAL max_prepared_stmt_count = 0');
    await site.oauth2.knex.raw("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'");
    for (const clientId of attacks(6_003)) expect((await site.token(clientId, 'secret')).status).toBe(401);
    expect((await site.token(created.application.clientId, created.clientSecret ?? '')).status).toBe(200);
    expect(await isTaken(6_003)).toBe(false);
  } finally {
    await administrator.query('SET GLOBAL max_prepared_stmt_count = DEFAULT');
    await site.close();
  }
});

describe("a knex instance of the host's", () => {
  beforeAll(() => administrator.query("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES'"));

  const GOOD = 'SET NAMES utf8mb4';

  test.each([
    ['NO_BACKSLASH_ESCAPES', `${GOOD}, sql_mode = 'NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES'`],
    ['EMPTY_STRING_IS_NULL', `${GOOD}, sql_mode = 'EMPTY_STRING_IS_NULL,STRICT_TRANS_TABLES'`],
    ['character_set_client = latin1', undefined],
    ['character_set_client = utf8mb3', 'SET NAMES utf8mb3'],
  ])('[ALL-63] is refused by name for %s, with the fix, by ready(), migrate() and any use', async (named, set) => {
    const name = await newDatabase();
    const knex = hostKnex(name, set);
    const site = await startSite(knex, name);
    const refused = async (work: Promise<unknown>) => {
      const error = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ConfigurationError);
      expect((error as Error).message).toContain(named);
      expect((error as Error).message).toContain('pool.afterCreate');
    };
    try {
      await refused(site.oauth2.ready());
      await refused(site.oauth2.migrate());
      await refused(site.oauth2.assertMigrated());
      await refused(site.oauth2.applications.list());
    } finally {
      await site.close();
      await knex.destroy();
    }
  });

  test('[ALL-63] that nobody asked ready() of still runs no statement of a caller', async () => {
    const name = await newDatabase();
    const prepared = await startSite(urlOf(name), name);
    await prepared.oauth2.migrate();
    await prepared.oauth2.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
    const knex = hostKnex(name, `${GOOD}, sql_mode = 'NO_BACKSLASH_ESCAPES'`);
    const site = await startSite(knex, name);
    try {
      for (const clientId of attacks(6_001)) expect((await site.token(clientId, 'secret')).status).toBeGreaterThan(499);
      expect(await isTaken(6_001)).toBe(false);
    } finally {
      await site.close();
      await knex.destroy();
      await prepared.close();
    }
  });

  test('[ALL-63] is checked again for each connection, and bound values do not heed what a session becomes later', async () => {
    const name = await newDatabase();
    const knex = hostKnex(name, GOOD);
    const site = await startSite(knex, name);
    try {
      await site.oauth2.migrate();
      await site.oauth2.ready();
      await closeOpenConnections(knex);
      const created = await site.oauth2.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
      // The one connection that is open by now.
      await knex.raw("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'");
      for (const clientId of attacks(6_002)) expect((await site.token(clientId, 'secret')).status).toBe(401);
      expect((await site.token(created.application.clientId, created.clientSecret ?? '')).status).toBe(200);
      expect(await isTaken(6_002)).toBe(false);

      await administrator.query("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'");
      const held = await takeOpenConnections(knex);
      try {
        await expect(site.oauth2.applications.list()).rejects.toThrow(ConfigurationError);
      } finally {
        await giveBack(knex, held);
      }
      await expect(site.oauth2.applications.list()).resolves.toHaveLength(1);
    } finally {
      await administrator.query("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES'");
      await site.close();
      await knex.destroy();
    }
  });

  test('learns of the statements that are run alongside its own, and stays open', async () => {
    const name = await newDatabase();
    const knex = hostKnex(name, GOOD);
    const heard: string[] = [];
    const site = await startSite(knex, name);
    knex.on('query', ({ sql }: { sql: string }) => heard.push(sql));
    try {
      await site.oauth2.migrate();
      expect(heard.filter((sql) => /^create table `oauth2_applications`/.test(sql))).toHaveLength(1);
      await site.close();
      expect(await knex('oauth2_applications').select()).toEqual([]);
    } finally {
      await knex.destroy();
    }
  });

  test('that is not strict is used, and the log says what that means, once', async () => {
    const name = await newDatabase();
    const knex = hostKnex(name, `${GOOD}, sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'`);
    const warnings: unknown[] = [];
    const logger = { ...silentLogger, warn: (message: unknown) => void warnings.push(message) };
    const site = await startSite(knex, name, { logger });
    try {
      await site.oauth2.migrate();
      await site.oauth2.ready();
      await Promise.all([1, 2, 3].map(() => site.oauth2.applications.list()));
      expect(warnings).toEqual([expect.stringContaining('STRICT_TRANS_TABLES')]);
    } finally {
      await site.close();
      await knex.destroy();
    }
  });
});
