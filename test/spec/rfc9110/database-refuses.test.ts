import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import createKnex, { type Knex } from 'knex';
import { createConnection } from 'mysql2/promise';
import { Authorized, Get, JsonController, Post } from 'routing-controllers';
import { Public } from '../../../src/public/index.js';
import { DEFAULT_TABLE_NAMES, openDatabase } from '../../../src/storage/index.js';
import { authorization } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { mariadb } from '../../support/finder/mariadb.js';
import type { UsableService } from '../../support/finder/service.js';
import { type DatabaseKind, databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';
import {
  type Answer,
  type AuthorizationServerSuite,
  answerOf,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';

/** What the actions below work on; set while tests run. */
let running: AuthorizationServerSuite | undefined;
let machineId = '';

@JsonController()
class TokenController {
  @Get('/guarded')
  @Authorized('read')
  guarded() {
    return { ok: true };
  }

  @Post('/issue')
  @Public()
  async issue() {
    const issued = await running?.server.oauth2.tokens.issue({ application: machineId, user: 'alice', scope: 'read' });
    return { token: issued?.access_token };
  }

  @Post('/revoke-all')
  @Public()
  async revokeAll() {
    return { count: await running?.server.oauth2.tokens.revokeAllOf({ user: 'alice' }) };
  }
}

function useServer(database: () => string): AuthorizationServerSuite {
  const suite = useAuthorizationServer('SQLite + memory', {
    get oauth2() {
      return { database: database() };
    },
    options: { dynamicRegistration: {} },
    controllers: [TokenController],
  });
  beforeAll(async () => {
    running = suite;
    machineId = (await suite.server.register()).clientId;
  });
  afterEach(() => {
    // That something is away is said in the log.
    suite.log.length = 0;
  });
  return suite;
}

function expectUnavailable(what: string, { status, headers, body, text }: Answer): void {
  expect({ what, status, ...body }).toEqual({
    what,
    status: 503,
    error: 'temporarily_unavailable',
    error_description: expect.any(String),
  });
  expect([what, headers.get('retry-after')]).toEqual([what, expect.stringMatching(/^[1-9]\d*$/)]);
  expect(text).not.toMatch(/oops|read.?only|full|denied|sql|insert|update|trigger|oauth2_/i);
}

/** What there is to be written to before the database refuses. */
async function prepared(suite: AuthorizationServerSuite) {
  const [client, machine] = [await suite.server.register(FOR_USERS), await suite.server.register()];
  const tokens = await suite.tokens(client);
  const code = await suite.code(client);
  const own = await suite.ownToken(machine);
  const agent = suite.agent();
  const login = await agent.get(`/oauth2/authorize?${authorization(client).query}`);
  return { client, machine, tokens, code, own, agent, login };
}

type Prepared = Awaited<ReturnType<typeof prepared>>;

/** Everything that writes, for programs. */
function writes(suite: AuthorizationServerSuite, { client, machine, tokens, code, own }: Prepared) {
  const form = Object.fromEntries(authorization(client).query);
  const json = { 'content-type': 'application/json' };
  const registration = JSON.stringify({ client_name: 'New', redirect_uris: ['https://new.example/cb'] });
  return {
    'client credentials': () => suite.token({ grant_type: 'client_credentials', scope: 'read' }, machine),
    refresh: () => suite.refresh(client, tokens.refresh_token),
    exchange: () => suite.exchange(client, code),
    'revocation of an access token': () => suite.revoke(machine, own),
    'revocation of a refresh token': () => suite.revoke(client, tokens.refresh_token),
    device: () => suite.post('/oauth2/device_authorization', { scope: 'read' }, client),
    par: () => suite.post('/oauth2/par', form, client),
    registration: () => suite.send('/oauth2/register', { method: 'POST', headers: json, body: registration }),
    'an action that issues': () => suite.send('/issue', { method: 'POST' }),
    'an action that revokes': () => suite.send('/revoke-all', { method: 'POST' }),
  } as const;
}

async function expectAllRefused(suite: AuthorizationServerSuite, given: Prepared): Promise<void> {
  for (const [what, work] of Object.entries(writes(suite, given))) expectUnavailable(what, await work());
  const page = await given.agent.submit(given.login, { username: 'alice', password: 'ecila' });
  expect([page.status, page.headers.get('retry-after'), page.headers.get('location')]).toEqual([503, '1', null]);
  expect(page.body).not.toMatch(/oops|read-only|denied|sql|insert|update|trigger/i);
}

async function expectNothingLost(suite: AuthorizationServerSuite, given: Prepared): Promise<void> {
  const { client, code, tokens, machine, own } = given;
  expect(await suite.isActive(machine, own)).toBe(true);
  expect((await suite.exchange(client, code)).status).toBe(200);
  expect((await suite.refresh(client, tokens.refresh_token)).status).toBe(200);
  expect((await suite.revoke(machine, own)).status).toBe(200);
  expect(await suite.isActive(machine, own)).toBe(false);
  expect(suite.events.filter(([event]) => event === 'refresh.reused' || event === 'code.replayed')).toEqual([]);
}

/** Lets the server refuse every write to the package's tables with an error of its own. */
async function refuseWrites(knex: Knex, kind: DatabaseKind, code: number | string, on: boolean): Promise<void> {
  const tables = Object.values(DEFAULT_TABLE_NAMES);
  if (kind === 'postgres') {
    if (!on) return knex.raw('DROP FUNCTION refuse CASCADE');
    await knex.raw(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused by oops'' USING ERRCODE = ''${code}''; END'`,
    );
    for (const table of tables) {
      await knex.raw(`CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON ${table} EXECUTE FUNCTION refuse()`);
    }
    return;
  }
  for (const table of tables) {
    for (const event of ['INSERT', 'UPDATE', 'DELETE']) {
      const name = `refuse_${event}_${table}`;
      await knex.raw(
        on
          ? `CREATE TRIGGER ${name} BEFORE ${event} ON ${table} FOR EACH ROW SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${code}, MESSAGE_TEXT = 'oops: running with --read-only'`
          : `DROP TRIGGER ${name}`,
      );
    }
  }
}

const CODES = { mariadb: [1290, 1836, 1021, 1114], postgres: ['25006', '53100'] } as const;

describe.each(databaseKinds().filter((kind) => kind !== 'sqlite'))('the server of %s refuses every write', (kind) => {
  let database: FreshDatabase;
  let administrator: Knex;
  beforeAll(async () => {
    database = await freshDatabase(kind);
    administrator = openDatabase(database.url).knex;
  });
  const suite = useServer(() => database.url);
  afterAll(async () => {
    await administrator?.destroy();
    await database?.drop();
  });

  test.each<number | string>([...CODES[kind as 'mariadb' | 'postgres']])(
    '[ALL-64 §15.6.4] with %s: whatever writes is 503 with Retry-After, and nothing is half-written',
    async (code) => {
      const given = await prepared(suite);
      await refuseWrites(administrator, kind, code, true);
      try {
        await expectAllRefused(suite, given);
      } finally {
        await refuseWrites(administrator, kind, code, false);
      }
      await expectNothingLost(suite, given);
    },
  );
});

describe('SQLite refuses every write', () => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await freshDatabase('sqlite');
  });
  const suite = useServer(() => database.url);
  afterAll(() => database?.drop());

  test('[ALL-64 §15.6.4] whatever writes is 503 with Retry-After, and nothing is half-written', async () => {
    const given = await prepared(suite);
    const { knex } = suite.server.oauth2;
    for (const [what, work] of Object.entries(writes(suite, given))) {
      // Of the connection; the one that replaces it may write, so it is said each time.
      await knex.raw('PRAGMA query_only = ON');
      expectUnavailable(what, await work());
      await knex.raw('PRAGMA query_only = OFF');
    }
    await expectNothingLost(suite, given);
  });
});

describe('a server of mariadb of its own', () => {
  let server: UsableService;
  let administrator: Knex;
  let url: string;
  beforeAll(async () => {
    server = await mariadb.start();
    const root = await createConnection(server.url);
    await root.query('CREATE DATABASE app');
    await root.query("CREATE USER 'app'@'127.0.0.1' IDENTIFIED BY 'first'");
    await root.query("GRANT ALL PRIVILEGES ON app.* TO 'app'@'127.0.0.1'");
    await root.end();
    const own = new URL(`${server.url}/app`);
    administrator = createKnex({
      client: 'mysql2',
      connection: { host: own.hostname, port: Number(own.port), user: 'root', database: 'app' },
    });
    Object.assign(own, { username: 'app', password: 'first' });
    url = own.href;
  }, 120_000);
  const suite = useServer(() => url);
  afterAll(async () => {
    await administrator?.destroy();
    await server?.stop?.();
  }, 60_000);

  async function endConnections(): Promise<void> {
    const [threads] = await administrator.raw("SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = 'app'");
    for (const { id } of threads) await administrator.raw(`KILL ${id}`).catch(() => undefined);
  }

  async function guarded(given: Prepared): Promise<number> {
    const headers = { authorization: `Bearer ${given.tokens.access_token}` };
    return (await answerOf(fetch(`${suite.url}/guarded`, { headers }))).status;
  }

  test('[ALL-64 §15.6.4] that is set to read_only answers writes with 503, guards with 200, and heals by itself', async () => {
    const given = await prepared(suite);
    await administrator.raw('SET GLOBAL read_only = ON');
    try {
      await expectAllRefused(suite, given);
      expect(await guarded(given)).toBe(200);
    } finally {
      await administrator.raw('SET GLOBAL read_only = OFF');
    }
    await expectNothingLost(suite, given);
  });

  test('[ALL-64 §15.6.4] that refuses the credentials is 503 for writes and look-ups, until it lets us in again', async () => {
    const given = await prepared(suite);
    await administrator.raw("ALTER USER 'app'@'127.0.0.1' IDENTIFIED BY 'second'");
    await endConnections();
    try {
      await expectAllRefused(suite, given);
      expect(await guarded(given)).toBe(503);
    } finally {
      await administrator.raw("ALTER USER 'app'@'127.0.0.1' IDENTIFIED BY 'first'");
    }
    await expectNothingLost(suite, given);
  });

  test('[ALL-64 §15.6.4] that has no connection left is 503 as well', async () => {
    const given = await prepared(suite);
    await administrator.raw("ALTER USER 'app'@'127.0.0.1' WITH MAX_USER_CONNECTIONS 1");
    await endConnections();
    const only = await createConnection(url);
    try {
      await expectAllRefused(suite, given);
      expect(await guarded(given)).toBe(503);
    } finally {
      await only.end();
      await administrator.raw("ALTER USER 'app'@'127.0.0.1' WITH MAX_USER_CONNECTIONS 0");
    }
    await expectNothingLost(suite, given);
  });

  test('[ALL-64 §15.6.4] that prepares no more statements is asked without: nothing is refused', async () => {
    const given = await prepared(suite);
    await administrator.raw('SET GLOBAL max_prepared_stmt_count = 0');
    // On new connections nothing is prepared yet.
    await endConnections();
    const { knex } = suite.server.oauth2;
    await Promise.all(Array.from({ length: 10 }, () => knex.raw('SELECT 1').catch(() => undefined)));
    try {
      const machine: TestClient = await suite.server.register();
      for (let more = 0; more < 5; more += 1) {
        const token = await suite.ownToken(machine);
        const headers = { authorization: `Bearer ${token}` };
        expect((await suite.send('/guarded', { headers })).status).toBe(200);
      }
      expect(await guarded(given)).toBe(200);
    } finally {
      await administrator.raw('SET GLOBAL max_prepared_stmt_count = DEFAULT');
    }
    await expectNothingLost(suite, given);
  });
});
