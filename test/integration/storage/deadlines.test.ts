import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import createKnex, { type Knex } from 'knex';
import { Model } from 'objection';
import { generateTokenValue, systemRandomBytes } from '../../../src/core/token-value.js';
import { objectionUserStore } from '../../../src/public/index.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { type Site, startSite } from './deadline-site.js';
import { until } from './fixture.js';

const servers = databaseKinds().filter((kind) => kind !== 'sqlite');
type ServerKind = (typeof servers)[number];

/** Far more than any deadline in here, and far less than what a client or a test would wait. */
const NOT_FOR_EVER_MILLISECONDS = 15_000;

function proxied(url: string, proxy: TcpProxy): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(proxy.port);
  return changed.href;
}

function proxyFor(kind: ServerKind, url: string): TcpProxy {
  const { hostname, port } = new URL(url);
  return new TcpProxy(hostname, Number(port || (kind === 'postgres' ? 5432 : 3306)));
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('There was no answer in time.')), NOT_FOR_EVER_MILLISECONDS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function expectUnavailable(pending: Response): Promise<void> {
  const body = (await pending.json()) as Record<string, unknown>;
  expect({ status: pending.status, ...body }).toEqual({
    status: 503,
    error: 'temporarily_unavailable',
    error_description: 'The server is temporarily unable to decide on this request.',
  });
  expect(pending.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
}

const unknownToken = () => generateTokenValue(systemRandomBytes);

describe.each(servers)('a frozen %s', (kind) => {
  let database: FreshDatabase;
  let proxy: TcpProxy;
  let hostKnex: Knex | undefined;
  let site: Site;

  beforeEach(async () => {
    database = await freshDatabase(kind);
    proxy = proxyFor(kind, database.url);
    await proxy.start();
  });

  afterEach(async () => {
    proxy.thaw();
    await site.close();
    await hostKnex?.destroy();
    hostKnex = undefined;
    await proxy.stop();
    await database.drop();
  });

  const start = async (how: 'a pool of ours' | "the host's knex") => {
    const url = proxied(database.url, proxy);
    if (how === "the host's knex") {
      hostKnex = createKnex({
        client: kind === 'postgres' ? 'pg' : 'mysql2',
        connection: url,
        pool: { min: 0, max: 5 },
      });
    }
    site = await startSite({ database: hostKnex ?? url, databaseDeadlineMilliseconds: 400 });
    return site;
  };

  test.each(['a pool of ours', "the host's knex"] as const)(
    'is answered with 503 and Retry-After by everything that asks it, on %s, and works again when it moves',
    async (how) => {
      const { client } = await start(how);
      const [spent, kept] = [await site.token(), await site.token()];
      const ask = () =>
        Promise.all([
          site.post(`/desk/issue?client=${client}`),
          site.post(`/desk/revoke?token=${spent}`),
          site.post('/desk/revoke-all?user=bob'),
          site.get(`/desk/inspect?token=${kept}`),
          site.get('/books', unknownToken()),
        ]);
      proxy.freeze();
      // Once with connections that fall silent, once where none can be made any more.
      for (const answer of await inTime(ask())) await expectUnavailable(answer);
      for (const answer of await inTime(ask())) await expectUnavailable(answer);
      expect((await site.get('/books/public')).status).toBe(200);

      proxy.thaw();
      await until(async () => (await site.post(`/desk/issue?client=${client}`)).status === 200);
      expect((await site.get('/books', kept)).status).toBe(200);
      // What was not answered may have been done or not: to do it again is safe, and then it is certain.
      expect((await site.post(`/desk/revoke?token=${spent}`)).status).toBe(200);
      expect((await site.get('/books', spent)).status).toBe(401);
      expect(await (await site.get(`/desk/inspect?token=${spent}`)).json()).toEqual({ active: false });
    },
  );

  test('has undone a transaction that it did not answer, whose connection is never used again', async () => {
    await start('a pool of ours');
    const { AccessToken } = site.oauth2.models;
    await site.token();
    const before = await AccessToken.query().resultSize();
    let connection: unknown;
    const error: unknown = await inTime(
      AccessToken.transaction(async (transaction) => {
        connection = await transaction.client.acquireConnection();
        await AccessToken.query(transaction).patch({ scope: 'changed' });
        proxy.freeze();
        await AccessToken.query(transaction).patch({ scope: 'changed again' });
      }).catch((reason: unknown) => reason),
    );
    expect(error).toMatchObject({ name: 'DatabaseDeadlineError', code: 'ETIMEDOUT' });
    proxy.thaw();
    // The server learns that the connection is gone, and lets go of the rows.
    await until(async () => {
      try {
        return (await AccessToken.query().where('scope', 'read').forUpdate()).length === before;
      } catch {
        return false;
      }
    });
    const lent = await Promise.all(Array.from({ length: 10 }, () => site.oauth2.knex.client.acquireConnection()));
    expect(lent).not.toContain(connection);
    for (const one of lent) await site.oauth2.knex.client.releaseConnection(one);
  });

  test('says nothing of values when it does not answer', async () => {
    await start('a pool of ours');
    proxy.freeze();
    const error: unknown = await site.oauth2.models.AccessToken.query()
      .where('user_id', 'somebody')
      .catch((reason: unknown) => reason);
    expect(String(error)).not.toMatch(/somebody|select/i);
  });

  test("does not end the host's own statements on the host's knex, which wait as long as the host lets them", async () => {
    await start("the host's knex");
    const slow = (hostKnex as Knex).raw(kind === 'postgres' ? 'SELECT pg_sleep(1.5)' : 'SELECT SLEEP(1.5)');
    const ours = site.oauth2.models.AccessToken.query().select(
      site.oauth2.models.AccessToken.raw(kind === 'postgres' ? 'pg_sleep(1.5)' : 'SLEEP(1.5)'),
    );
    await site.token();
    await expect(ours).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    await slow;
  });

  test("of the host's users is answered with 503 as well", async () => {
    const url = proxied(database.url, proxy);
    hostKnex = createKnex({ client: kind === 'postgres' ? 'pg' : 'mysql2', connection: url, pool: { min: 0, max: 5 } });
    class User extends Model {
      static override tableName = 'users';
      id!: number;
    }
    User.knex(hostKnex);
    await hostKnex.schema.createTable('users', (table) => table.increments());
    await hostKnex('users').insert({ id: 5 });
    site = await startSite({
      database: ':memory:',
      users: objectionUserStore(User, { deadlineMilliseconds: 400 }),
      cache: { maxAgeSeconds: 1, revocationBoundSeconds: 1 },
    });
    const { access_token: token } = await site.oauth2.tokens.issue({
      application: site.client,
      scope: 'read',
      user: '5',
    });
    expect((await site.get('/books', token)).status).toBe(200);
    await site.oauth2.tokens.invalidate({ user: '5' });
    proxy.freeze();
    await expectUnavailable(await inTime(site.get('/books', token)));
    proxy.thaw();
    await until(async () => (await site.get('/books', token)).status === 200);
  });

  test('does not come to be by one slow statement: others go on meanwhile', async () => {
    const { client } = await start('a pool of ours');
    await site.token();
    const { AccessToken } = site.oauth2.models;
    const slow = AccessToken.query().select(AccessToken.raw(kind === 'postgres' ? 'pg_sleep(3)' : 'SLEEP(3)'));
    const failed = expect(slow).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const statuses = new Set<number>();
    for (let count = 0; count < 40; count++) {
      statuses.add((await site.post(`/desk/issue?client=${client}`)).status);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await failed;
    expect([...statuses]).toEqual([200]);
  });
});

describe.each(servers)('a %s that refuses connections', (kind) => {
  let database: FreshDatabase;
  let proxy: TcpProxy;
  let site: Site;

  beforeEach(async () => {
    database = await freshDatabase(kind);
    proxy = proxyFor(kind, database.url);
    await proxy.start();
    site = await startSite({ database: proxied(database.url, proxy) });
  });

  afterEach(async () => {
    await site.close();
    await proxy.stop().catch(() => undefined);
    await database.drop();
  });

  test('fails 600 cold requests together, and not one after the other; it is asked again by one at a time', async () => {
    await site.get('/books', unknownToken());
    await proxy.stop();
    let failures = 0;
    site.oauth2.knex.client.pool.on('createFail', () => {
      failures += 1;
    });
    // Many rounds of the pool (ten connections, then a pause) would be needed to fail one after the other.
    for (const round of [1, 2]) {
      const answers = await inTime(Promise.all(Array.from({ length: 600 }, () => site.get('/books', unknownToken()))));
      expect([round, ...new Set(answers.map(({ status }) => status))]).toEqual([round, 503]);
    }
    expect(failures).toBeLessThan(60);

    await proxy.start();
    await until(async () => (await site.get('/books', unknownToken())).status === 401);
    const again = await Promise.all(Array.from({ length: 50 }, () => site.get('/books', unknownToken())));
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([401]));
  });

  test('is tried with growing pauses while it is unavailable', async () => {
    await proxy.stop();
    const gate = createTcpServer((socket) => {
      tries.push(performance.now());
      socket.resetAndDestroy();
    });
    const tries: number[] = [];
    gate.listen(proxy.port, '127.0.0.1');
    await once(gate, 'listening');
    expect((gate.address() as AddressInfo).port).toBe(proxy.port);
    const end = performance.now() + 3_000;
    while (performance.now() < end) {
      await Promise.all(Array.from({ length: 20 }, () => site.get('/books', unknownToken())));
    }
    // Each round of requests alone would have made ten.
    expect(tries.length).toBeGreaterThan(3);
    expect(tries.length).toBeLessThan(80);
    gate.close();
    await once(gate, 'close');
    await proxy.start();
    await until(async () => (await site.get('/books', unknownToken())).status === 401);
  });
});

test('an SQLite file that another process has locked makes writes fail at the deadline, and nothing else waits', async () => {
  const database = await freshDatabase('sqlite');
  const site = await startSite({ database: database.url, databaseDeadlineMilliseconds: 1_500 });
  const other = new Sqlite(database.url.slice('sqlite:'.length));
  try {
    const token = await site.token();
    other.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const turning = setInterval(() => {
      turns += 1;
    }, 10);
    const writes = Promise.all([
      ...Array.from({ length: 10 }, () => site.post(`/desk/issue?client=${site.client}`)),
      site.post(`/desk/revoke?token=${token}`),
      site.post('/desk/revoke-all?user=alice'),
    ]);
    expect((await site.get('/books', token)).status).toBe(200);
    for (const answer of await inTime(writes)) await expectUnavailable(answer);
    clearInterval(turning);
    // SQLite's own wait would have stopped the process for all that time.
    expect(turns).toBeGreaterThan(20);

    const late = Promise.all([
      site.post('/desk/revoke-all?user=alice'),
      site.post(`/desk/issue?client=${site.client}`),
    ]);
    setTimeout(() => other.exec('COMMIT'), 200);
    for (const answer of await late) expect(answer.status).toBe(200);
    expect((await site.get('/books', token)).status).toBe(401);
  } finally {
    other.close();
    await site.close();
    await database.drop();
  }
});
