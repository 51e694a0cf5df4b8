import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2, type OAuth2Options, session, type UserStore } from '../../../src/public/index.js';
import { actingAs } from '../../../src/public/testing.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../support/http.js';
import { BookController } from './books.js';

const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()));
});

/** An application as a program has it, with no part of the testing entry. */
async function start(options: Partial<OAuth2Options> = {}) {
  const oauth2 = createOAuth2({ database: ':memory:', logger: silentLogger, ...options });
  await oauth2.migrate();
  const server: Server = oauth2.createKoaServer({ controllers: [BookController] }).listen(0, '127.0.0.1');
  server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  await once(server, 'listening');
  opened.push(async () => {
    server.closeAllConnections();
    server.close();
    await oauth2.close();
  });
  const call = (path: string, headers: Record<string, string>, method = 'GET') =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { headers, method });
  return { oauth2, call };
}

const users: UserStore<{ readonly id: string; readonly active: boolean }> = {
  findById: (id) => ({ ann: { id, active: true }, bob: { id, active: false } })[id],
  isActive: ({ active }) => active,
};

describe('actingAs', () => {
  test('it replaces authentication and keeps authorization: scopes, permissions, throttles', async () => {
    const { oauth2, call } = await start();
    const headers = actingAs(oauth2, 'ann', ['books:read']);
    const list = await call('/books', headers);
    expect([list.status, await list.json()]).toEqual([200, { user: { id: 'ann' }, client: 'test-client' }]);
    expect((await call('/books', headers, 'POST')).status).toBe(403);
    const writer = actingAs(oauth2, 'ann', 'books:write');
    expect((await call('/books/bob', writer, 'DELETE')).status).toBe(403);
    expect((await call('/books/ann', writer, 'DELETE')).status).toBe(200);
    const statuses = [];
    for (let time = 0; time < 3; time += 1) statuses.push((await call('/books/rare', headers)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await call('/books/secret', actingAs(oauth2, 'ann', 'books:read', { acr: 'otp' }))).status).toBe(200);
    expect((await call('/books/secret', headers)).status).toBe(401);
  });

  test('a user object is taken as it is, an id is looked up; an unknown or inactive user is refused, and the log says why', async () => {
    const lines: string[] = [];
    const logger = { ...silentLogger, warn: (line: string) => lines.push(line) };
    const { oauth2, call } = await start({ users: users as UserStore, logger });
    const list = async (user: object | string) => {
      const answer = await call('/books', actingAs(oauth2, user, 'books:read'));
      return [answer.status, ((await answer.json()) as { readonly user?: unknown }).user];
    };
    expect(await list('ann')).toEqual([200, { id: 'ann', active: true }]);
    expect(await list({ id: 'new', plan: 'trial' })).toEqual([200, { id: 'new', plan: 'trial' }]);
    expect(await list('bob')).toEqual([401, undefined]);
    expect(await list('carol')).toEqual([401, undefined]);
    expect(lines).toEqual([
      expect.stringContaining('the option users has no active user "bob"'),
      expect.stringContaining('the option users has no active user "carol"'),
    ]);
  });

  test('an application alone has no user, and a token expires by the clock of the instance', async () => {
    const { oauth2, call } = await start();
    const shop = await call('/books', actingAs(oauth2, { client: 'shop' }, ['books:read']));
    expect(await shop.json()).toEqual({ user: null, client: 'shop' });
    const expired = await call('/books', actingAs(oauth2, 'ann', ['books:read'], { lifetimeSeconds: -1 }));
    expect([expired.status, await expired.json()]).toMatchObject([
      401,
      { error_description: 'The access token has expired.' },
    ]);
  });

  test('nothing is stored, and no other instance knows the token', async () => {
    const [one, two] = [await start(), await start()];
    const headers = actingAs(one.oauth2, 'ann', ['books:read']);
    expect((await one.call('/books', headers)).status).toBe(200);
    expect((await two.call('/books', headers)).status).toBe(401);
    expect(await one.oauth2.tokens.listFor('ann')).toEqual([]);
    expect(await one.oauth2.applications.findByClientId('test-client')).toBe(undefined);
  });

  test('tokens of the database are still verified, also by an instance that has answered already', async () => {
    const { oauth2, call } = await start();
    expect((await call('/books', { authorization: 'Bearer unknown' })).status).toBe(401);
    actingAs(oauth2, 'ann');
    const { application } = await oauth2.applications.create({ name: 'Real', grantTypes: ['client_credentials'] });
    const { access_token: token } = await oauth2.tokens.issue({ application, scope: 'books:read' });
    expect((await call('/books', { authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await call('/books', { authorization: 'Bearer unknown' })).status).toBe(401);
  });

  test('an instance that takes no bearer tokens cannot be acted at, and a mistyped detail is told', async () => {
    const { oauth2 } = await start({ users: users as UserStore, authenticators: [session()] });
    expect(() => actingAs(oauth2, 'ann')).toThrow('actingAs needs bearer() among the authenticators');
    const other: OAuth2 = (await start()).oauth2;
    expect(() => actingAs(other, 'ann', [], { lifetime: 5 } as never)).toThrow('actingAs.lifetime');
    expect(() => actingAs(other, undefined as never)).toThrow("name a user, or { client: 'shop' }");
  });
});

describe('outside tests', () => {
  const names = ['NODE_ENV', 'JEST_WORKER_ID', 'VITEST', 'NODE_TEST_CONTEXT'];
  const environment = names.map((name) => [name, process.env[name]] as const);

  afterEach(() => {
    for (const [name, value] of environment) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  test('it is refused in production whatever a test runner says, and where nothing says that tests are run', async () => {
    const { oauth2 } = await start();
    process.env.NODE_ENV = 'production';
    expect(() => actingAs(oauth2, 'ann')).toThrow('actingAs is for tests, and NODE_ENV is production.');
    for (const name of names) delete process.env[name];
    expect(() => actingAs(oauth2, 'ann')).toThrow('set NODE_ENV=test');
    process.env.NODE_ENV = 'development';
    expect(() => actingAs(oauth2, 'ann')).toThrow('set NODE_ENV=test');
    for (const name of names.slice(1)) {
      process.env[name] = '1';
      expect(actingAs(oauth2, 'ann')).toHaveProperty('authorization');
      delete process.env[name];
    }
  });

  test('what was made up before is refused once the process is one of production', async () => {
    const { oauth2, call } = await start();
    const headers = actingAs(oauth2, 'ann', ['books:read']);
    process.env.NODE_ENV = 'production';
    expect((await call('/books', headers)).status).toBe(401);
  });
});
