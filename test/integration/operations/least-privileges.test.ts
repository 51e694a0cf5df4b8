import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import Koa from 'koa';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { Authorized, Controller, Get } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { createOAuth2, type OAuth2, type OAuth2Options } from '../../../src/public/index.js';
import { type Served, serve } from '../../support/http.js';
import {
  type DatabaseKind,
  databaseKinds,
  type FreshDatabase,
  freshDatabase,
  freshKeyPrefix,
  mariadbUrl,
  postgresUrl,
  type RedisProcess,
  startRedis,
} from '../../support/services.js';

const servers = databaseKinds().filter((kind) => kind !== 'sqlite');

const PASSWORD = randomBytes(12).toString('hex');

/** The tables of the package, which is what the documentation tells an administrator to grant rights on. */
const GUARD_TABLES = ['oauth2_access_tokens', 'oauth2_applications', 'oauth2_revocations', 'oauth2_database_identity'];

/** Runs statements as the administrator, in the test's database. */
async function asAdministrator(kind: DatabaseKind, database: string, statements: readonly string[]): Promise<void> {
  if (kind === 'mariadb') {
    const connection = await createConnection({ uri: mariadbUrl(), database });
    for (const statement of statements) await connection.query(statement);
    await connection.end();
    return;
  }
  const url = new URL(postgresUrl() ?? '');
  url.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

interface Account {
  readonly url: string;
  drop(): Promise<void>;
}

/** Makes a user with these rights on these tables and nothing else. */
async function account(
  kind: DatabaseKind,
  database: FreshDatabase,
  rights: string,
  tables: readonly string[],
): Promise<Account> {
  const url = new URL(database.url);
  const name = url.pathname.slice(1);
  const user = `oauth2_test_${randomBytes(4).toString('hex')}`;
  url.username = user;
  url.password = PASSWORD;
  const who = kind === 'mariadb' ? `'${user}'@'127.0.0.1'` : user;
  const create =
    kind === 'mariadb'
      ? `CREATE USER ${who} IDENTIFIED BY '${PASSWORD}'`
      : `CREATE ROLE ${user} LOGIN PASSWORD '${PASSWORD}'`;
  const grants = tables.map((table) => `GRANT ${rights} ON ${table} TO ${who}`);
  const sequences =
    kind === 'postgres' && rights.includes('INSERT')
      ? [`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${user}`]
      : [];
  await asAdministrator(kind, name, [create, ...grants, ...sequences]);
  return {
    url: url.href,
    drop: () =>
      asAdministrator(
        kind,
        name,
        kind === 'mariadb' ? [`DROP USER ${who}`] : [`DROP OWNED BY ${user}`, `DROP ROLE ${user}`],
      ),
  };
}

@Controller()
class Books {
  @Authorized('read')
  @Get('/books')
  list() {
    return [];
  }
}

const opened: (() => Promise<unknown>)[] = [];

async function guard(options: Partial<OAuth2Options> & Pick<OAuth2Options, 'database'>): Promise<Served> {
  const oauth2 = createOAuth2({ logger: silentLogger, ...options });
  opened.push(() => oauth2.close());
  await oauth2.ready();
  const koa = new Koa();
  koa.silent = true;
  const served = await serve(oauth2.useKoaServer(koa, { controllers: [Books] }));
  opened.push(() => served.close());
  return served;
}

async function closeAll(): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close();
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe.each(servers)('with least privileges on %s', (kind) => {
  let database: FreshDatabase;
  let owner: OAuth2;
  let token: string;
  let redis: RedisProcess;
  let tables: string[];

  beforeAll(async () => {
    database = await freshDatabase(kind);
    owner = createOAuth2({ database: database.url, logger: silentLogger });
    await owner.migrate();
    const { application } = await owner.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
    token = (await owner.tokens.issue({ user: 'alice', application, scope: 'read' })).access_token;
    redis = await startRedis();
    const from = "SELECT table_name AS name FROM information_schema.tables WHERE table_name LIKE 'oauth2_%'";
    const rows =
      kind === 'mariadb'
        ? (await owner.knex.raw(`${from} AND table_schema = DATABASE()`))[0]
        : (await owner.knex.raw(from)).rows;
    tables = rows.map(({ name }: { name: string }) => name);
  }, 60_000);

  afterAll(async () => {
    await closeAll();
    await owner.close();
    await redis.stop();
    await database.drop();
  });

  test('guards work with SELECT on three tables, and on a fourth where Redis is used', async () => {
    const present = GUARD_TABLES.filter((table) => tables.includes(table));
    const reader = await account(kind, database, 'SELECT', present);
    opened.push(() => reader.drop());
    for (const options of [{}, { redis: redis.url, keyPrefix: freshKeyPrefix() }]) {
      const served = await guard({ database: reader.url, ...options });
      expect((await served.get('/books', bearer(token))).status).toBe(200);
      expect((await served.get('/books', bearer('unknown'))).status).toBe(401);
      expect((await served.get('/books')).status).toBe(401);
    }
    const oauth2 = createOAuth2({ database: reader.url, logger: silentLogger });
    opened.push(() => oauth2.close());
    await expect(oauth2.tokens.listFor('alice')).resolves.toHaveLength(1);
    await expect(oauth2.tokens.revokeAllOf({ user: 'alice' })).rejects.toThrow();
    await expect(oauth2.migrate()).rejects.toThrow();
    expect(await owner.tokens.listFor('alice')).toHaveLength(1);
    await closeAll();
  });

  test('an authorization server works with SELECT, INSERT, UPDATE and DELETE, and needs no right to change tables', async () => {
    const server = await account(kind, database, 'SELECT, INSERT, UPDATE, DELETE', tables);
    opened.push(() => server.drop());
    const koa = new Koa();
    koa.silent = true;
    let mounted: Koa.Middleware | undefined;
    koa.use((context, next) => mounted?.(context, next));
    const served = await serve(koa);
    opened.push(() => served.close());
    const oauth2 = createOAuth2({
      database: server.url,
      logger: silentLogger,
      redis: redis.url,
      keyPrefix: freshKeyPrefix(),
      scopes: { read: 'Read your books' },
      users: { findById: (id) => ({ id }), isActive: () => true },
      authorizationServer: authorizationServer({
        issuer: served.url,
        encryptionKeys: [randomBytes(32)],
        authenticate: () => undefined,
      }),
    });
    opened.push(() => oauth2.close());
    await oauth2.ready();
    await oauth2.assertMigrated();
    mounted = oauth2.authorizationServer?.middleware() as Koa.Middleware;
    const created = await oauth2.applications.create({ name: 'Service', grantTypes: ['client_credentials'] });
    const answer = await fetch(`${served.url}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: created.application.clientId,
        client_secret: created.clientSecret ?? '',
        scope: 'read',
      }),
    });
    expect(answer.status).toBe(200);
    const { access_token: issued } = (await answer.json()) as { access_token: string };
    expect(await oauth2.tokens.revoke(issued)).toBe(true);
    expect((await fetch(`${served.url}/oauth2/jwks`)).status).toBe(200);
    await oauth2.tokens.clearExpired();
    await closeAll();
  });
});

/** What docs/operations.md says to allow. */
const ACL = [
  '+@connection',
  '-@admin',
  '-@dangerous',
  '+@read',
  '+@write',
  '+@scripting',
  '+@pubsub',
  '+time',
  '+info',
];

describe('with least privileges in Redis', () => {
  let redis: RedisProcess;
  let database: FreshDatabase;
  let owner: OAuth2;
  let token: string;

  beforeAll(async () => {
    redis = await startRedis();
    database = await freshDatabase('sqlite');
    owner = createOAuth2({ database: database.url, logger: silentLogger });
    await owner.migrate();
    const { application } = await owner.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
    token = (await owner.tokens.issue({ user: 'alice', application, scope: 'read' })).access_token;
  });

  afterAll(async () => {
    await closeAll();
    await owner.close();
    await redis.stop();
    await database.drop();
  });

  test('a user with its own keys and channels alone is enough for the cache and for throttles', async () => {
    const administrator = new Redis(redis.url);
    opened.push(async () => administrator.disconnect());
    const keyPrefix = 'shop:';
    const user = ['guard', 'on', `>${PASSWORD}`, 'resetkeys', 'resetchannels', `~${keyPrefix}*`, `&${keyPrefix}*`];
    await administrator.call('ACL', 'SETUSER', ...user, 'nocommands', ...ACL);
    const denials = async () => (await administrator.call('ACL', 'LOG')) as unknown[];
    const options: Partial<OAuth2Options> & Pick<OAuth2Options, 'database'> = {
      database: database.url,
      redis: redis.url.replace('redis://', `redis://guard:${PASSWORD}@`),
      keyPrefix,
      throttling: { policies: { everybody: '5/minute' }, global: ['everybody'] },
    };
    const [first, second] = [await guard(options), await guard(options)];
    const statuses: number[] = [];
    for (let request = 0; request < 4; request += 1) {
      for (const one of [first, second]) statuses.push((await one.get('/books', bearer(token))).status);
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(3);

    const keys = await administrator.keys('*');
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !key.startsWith(keyPrefix))).toEqual([]);
    const revoking = createOAuth2({ ...options, logger: silentLogger });
    opened.push(() => revoking.close());
    await revoking.ready();
    expect(await revoking.tokens.revoke(token)).toBe(true);
    expect(await denials()).toEqual([]);
    await closeAll();
  });
});
