import 'reflect-metadata';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import createKnex, { type Knex } from 'knex';
import type { Context } from 'koa';
import { Model } from 'objection';
import { Authorized, CurrentUser, Get, JsonController } from 'routing-controllers';
import type { Logger } from '../../../src/core/logger.js';
import { bearer, objectionUserStore, Public, session, type UserStore } from '../../../src/public/index.js';
import { authorization } from '../../support/authorization.js';
import type { StackName } from '../../support/bookstore.js';
import { STACKS } from '../../support/bookstore.js';
import { freePort } from '../../support/ports.js';
import { useApplication } from '../../support/spec/application.js';
import { type Answer, answerOf, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

@JsonController()
class ProfileController {
  @Get('/me')
  @Authorized('read')
  me(@CurrentUser() user: { id: string }) {
    return { id: user.id };
  }

  @Get('/hello')
  @Public()
  hello(@CurrentUser() user?: { id: string }) {
    return { id: user?.id ?? null };
  }
}

/** A user store that a test makes fail, and what it has logged. */
class FailingUsers {
  readonly errors: string[] = [];
  fails: (() => never | Promise<never>) | undefined;
  /** Which of the two functions fails. */
  at: 'findById' | 'isActive' = 'findById';

  readonly logger: Logger = {
    info() {},
    warn() {},
    error: (message) => {
      this.errors.push(message);
    },
  };

  readonly store: UserStore = {
    findById: (id) => (this.at === 'findById' ? (this.fails?.() ?? { id }) : { id }),
    isActive: () => (this.at === 'isActive' ? (this.fails?.() ?? true) : true),
  };

  reset(): void {
    this.fails = undefined;
    this.at = 'findById';
    this.errors.length = 0;
  }
}

/** Where nobody listens, and where somebody listens and never answers. */
const places = { refusing: 0, silent: 0 };
let silent: Server;
let away: Knex;
let full: Knex;
let only: unknown;

const SILENT = { warn() {}, error() {}, debug() {}, deprecate() {} };

class HostUser extends Model {
  static override tableName = 'host_users';
  declare id: string;
}

beforeAll(async () => {
  places.refusing = await freePort();
  silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  places.silent = (silent.address() as AddressInfo).port;
  away = createKnex({
    client: 'mysql2',
    connection: { host: '127.0.0.1', port: places.refusing, user: 'host' },
    log: SILENT,
  });
  full = createKnex({
    client: 'better-sqlite3',
    connection: ':memory:',
    useNullAsDefault: true,
    acquireConnectionTimeout: 50,
    log: SILENT,
  });
  only = await full.client.acquireConnection();
});

afterAll(async () => {
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
  await away.destroy();
  await full.client.releaseConnection(only);
  await full.destroy();
});

const store = (knex: Knex) => objectionUserStore(HostUser, { knex });

/** Ways in which a user store is away, each as it really is. */
const OUTAGES: readonly (readonly [string, () => never | Promise<never>])[] = [
  ['a service that refuses the connection', async () => fetch(`http://127.0.0.1:${places.refusing}/users/5`) as never],
  [
    'a service that does not answer in time',
    async () => fetch(`http://127.0.0.1:${places.silent}/users/5`, { signal: AbortSignal.timeout(50) }) as never,
  ],
  ['a database that refuses the connection', async () => store(away).findById('5') as never],
  ['a database that refuses the connection, without our user store', async () => away('host_users').first() as never],
  ['a pool without a free connection', async () => full('host_users').first() as never],
  [
    'a client that throws at once',
    () => {
      throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.5:389'), { code: 'ECONNREFUSED' });
    },
  ],
];

function expectUnavailable({ status, headers, body, text }: Answer): void {
  expect({ status, error: body.error }).toEqual({ status: 503, error: 'temporarily_unavailable' });
  expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(headers.get('www-authenticate')).toBeNull();
  expect(text).not.toMatch(/ECONN|127\.0\.0\.1|10\.0\.0\.5|select|fetch|knex/i);
}

const users = new FailingUsers();
afterEach(() => users.reset());

describe.each([...STACKS])('the user store of the guards is unavailable, on %s', (stack: StackName) => {
  const application = useApplication(stack, {
    oauth2: {
      users: users.store,
      logger: users.logger,
      authenticators: [bearer(), session({ userId: (context: Context) => context.get('x-session') || undefined })],
    },
    server: { controllers: [ProfileController], defaultErrorHandler: true },
  });

  const ask = async (path: string, headers: Record<string, string>) =>
    answerOf(fetch(`${application.url}${path}`, { headers }));
  const withToken = async (path: string) =>
    ask(path, { authorization: `Bearer ${await application.issue('read', { user: 'alice' })}` });

  test.each(OUTAGES)('[ALL-64 §15.6.4] a request with a token is 503 with Retry-After: %s', async (_, fails) => {
    for (const at of ['findById', 'isActive'] as const) {
      Object.assign(users, { fails, at });
      expectUnavailable(await withToken('/me'));
    }
    users.reset();
    expect((await withToken('/me')).status).toBe(200);
  });

  test.each(OUTAGES)(
    '[ALL-64 §15.6.4] so is a session, and a public action that asks who it is: %s',
    async (_, fails) => {
      users.fails = fails;
      expectUnavailable(await ask('/me', { 'x-session': 'alice' }));
      expectUnavailable(await ask('/hello', { 'x-session': 'alice' }));
      expectUnavailable(await withToken('/hello'));
      users.reset();
      expect((await ask('/hello', { 'x-session': 'alice' })).body).toEqual({ id: 'alice' });
    },
  );
});

describe('the code of the user store has a fault', () => {
  // A log of its own: a limiter of an application before may still tell what it has left out.
  const users = new FailingUsers();
  const application = useApplication('SQLite + memory', {
    oauth2: { users: users.store, logger: users.logger },
    server: { controllers: [ProfileController] },
  });

  test('[ALL-64 §15.6.1] it is 500 without Retry-After, and logged once', async () => {
    const authorization = `Bearer ${await application.issue('read', { user: 'alice' })}`;
    users.fails = () => {
      throw new TypeError("Cannot read properties of undefined (reading 'rows')");
    };
    for (let more = 0; more < 3; more += 1) {
      const answer = await answerOf(fetch(`${application.url}/me`, { headers: { authorization } }));
      expect([answer.status, answer.body.error]).toEqual([500, 'server_error']);
      expect(answer.headers.get('retry-after')).toBeNull();
    }
    // The second after an outage also has a line with what was left out of it.
    const faults = users.errors.filter((line) => !line.includes('more like it'));
    expect(faults).toEqual([expect.stringContaining("reading 'rows'")]);
  });
});

describe('what an authenticator of the host asks is unavailable', () => {
  const application = useApplication('SQLite + memory', {
    oauth2: {
      logger: users.logger,
      authenticators: [
        {
          async authenticate() {
            await users.fails?.();
            return undefined;
          },
        },
      ],
    },
    server: { controllers: [ProfileController] },
  });

  test.each(OUTAGES)('[ALL-64 §15.6.4] a request is 503 with Retry-After: %s', async (_, fails) => {
    users.fails = fails;
    expectUnavailable(await answerOf(fetch(`${application.url}/me`)));
    users.reset();
    expect((await answerOf(fetch(`${application.url}/me`))).status).toBe(401);
  });
});

describe('what the authorization server asks the host is unavailable', () => {
  const failing = { users: new FailingUsers(), login: new FailingUsers(), claims: new FailingUsers() };
  const suite = useAuthorizationServer('SQLite + memory', {
    oauth2: { users: failing.users.store },
    options: {
      async authenticate(username: string) {
        await failing.login.fails?.();
        return username;
      },
      async claims() {
        await failing.claims.fails?.();
        return { name: 'Alice' };
      },
    },
  });
  afterEach(() => {
    for (const one of Object.values(failing)) one.reset();
    suite.log.length = 0;
  });

  test.each(OUTAGES)('[ALL-64 §15.6.4] endpoints for programs are 503 with Retry-After: %s', async (_, fails) => {
    const client = await suite.server.register(FOR_USERS);
    const tokens = await suite.tokens(client);
    const code = await suite.code(client);
    failing.users.fails = fails;
    for (const answer of [
      await suite.exchange(client, code),
      await suite.refresh(client, tokens.refresh_token),
      await suite.introspect(client, tokens.access_token),
    ]) {
      expectUnavailable(answer);
    }
    failing.users.reset();
    expect((await suite.exchange(client, code)).status).toBe(200);
    expect((await suite.refresh(client, tokens.refresh_token)).status).toBe(200);
  });

  test.each(OUTAGES)('[ALL-64 §15.6.4] pages are 503 with Retry-After: %s', async (_, fails) => {
    const client = await suite.server.register(FOR_USERS);
    const agent = suite.agent();
    const login = await agent.get(`/oauth2/authorize?${authorization(client).query}`);
    for (const part of ['login', 'users'] as const) {
      failing[part].fails = fails;
      const answer = await agent.submit(login, { username: 'alice', password: 'x' });
      expect([part, answer.status, answer.headers.get('retry-after')]).toEqual([part, 503, '1']);
      expect(answer.body).not.toMatch(/ECONN|10\.0\.0\.5|fetch failed|knex/i);
      failing[part].reset();
    }
    const consent = await agent.submit(login, { username: 'alice', password: 'x' });
    expect(consent.body).toContain('name="decision"');
    failing.users.fails = fails;
    expect((await agent.get(`/oauth2/authorize?${authorization(client).query}`)).status).toBe(503);
    expect((await agent.get('/oauth2/authorized-applications')).status).toBe(503);
  });

  test('[ALL-64 §15.6.4] so are the claims of a user', async () => {
    const client = await suite.server.register({ ...FOR_USERS });
    const issued = await suite.exchange(client, await suite.code(client, { scope: 'openid read' }));
    expect(issued.status).toBe(200);
    failing.claims.fails = OUTAGES[0]?.[1];
    const answer = await suite.send('/oauth2/userinfo', {
      headers: { authorization: `Bearer ${issued.body.access_token}` },
    });
    expectUnavailable(answer);
  });
});
