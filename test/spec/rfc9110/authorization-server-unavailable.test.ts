import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { authorization } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { type FreshDatabase, freshDatabase, mariadbUrl } from '../../support/services.js';
import { type Answer, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

/** Starts what is between the server and MariaDB, while the tests of the surrounding `describe` run. */
function useProxiedDatabase(): { readonly proxy: TcpProxy; readonly options: { readonly database: string } } {
  const { hostname, port } = new URL(mariadbUrl());
  const proxy = new TcpProxy(hostname, Number(port) || 3306);
  let database: FreshDatabase | undefined;
  let url = '';
  beforeAll(async () => {
    database = await freshDatabase('mariadb');
    await proxy.start();
    const proxied = new URL(database.url);
    proxied.host = `127.0.0.1:${proxy.port}`;
    url = proxied.href;
  });
  afterAll(async () => {
    await proxy.stop();
    await database?.drop();
  });
  return {
    proxy,
    options: {
      get database() {
        return url;
      },
    },
  };
}

describe('the database becomes unavailable', () => {
  const { proxy, options } = useProxiedDatabase();
  const suite = useAuthorizationServer('SQLite + memory', {
    get oauth2() {
      return { database: options.database };
    },
  });
  let client: TestClient;
  let machine: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
    machine = await suite.server.register();
    await suite.ownToken(machine);
  });
  let isAway = false;
  afterEach(async () => {
    if (isAway) await proxy.start();
    isAway = false;
    // What was away is said in the log, and no more than that.
    suite.log.length = 0;
  });

  async function away<T>(work: () => Promise<T>): Promise<T> {
    await proxy.stop();
    isAway = true;
    const answer = await work();
    await proxy.start();
    isAway = false;
    return answer;
  }

  function expectUnavailable(answer: Answer): void {
    expect({ status: answer.status, ...answer.body }).toEqual({
      status: 503,
      error: 'temporarily_unavailable',
      error_description: expect.any(String),
    });
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.text).not.toMatch(/mysql|ECONN|127\.0\.0\.1|select|stack/i);
  }

  test('[§15.6.4, RFC 6749 §4.1.2.1] every endpoint for programs answers 503 temporarily_unavailable, with Retry-After', async () => {
    const form = Object.fromEntries(authorization(client).query);
    const fresh = await suite.server.register(FOR_USERS);
    const tokens = await suite.tokens(fresh);
    const code = await suite.code(fresh);
    const answers = await away(() =>
      Promise.all([
        suite.token({ grant_type: 'client_credentials', scope: 'read' }, machine),
        suite.refresh(fresh, tokens.refresh_token),
        suite.exchange(fresh, code),
        suite.introspect(fresh, tokens.access_token),
        suite.revoke(fresh, tokens.access_token),
        suite.post('/oauth2/device_authorization', { scope: 'read' }, client),
        suite.post('/oauth2/par', form, client),
      ]),
    );
    for (const answer of answers) expectUnavailable(answer);
    // Nothing is half-written: code and tokens are good once the database is back, and nobody was taken for a thief.
    expect((await suite.exchange(fresh, code)).status).toBe(200);
    expect((await suite.refresh(fresh, tokens.refresh_token)).status).toBe(200);
    expect(await suite.isActive(fresh, tokens.access_token)).toBe(true);
    expect(suite.events.filter(([event]) => event === 'refresh.reused' || event === 'code.replayed')).toEqual([]);
  });

  test('[AS-60 §15.6.4] a page of another origin can read the 503, and when to try again', async () => {
    const open = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    const { access_token, refresh_token } = await suite.tokens(open);
    const origin = 'https://app.example.com';
    const form = { client_id: open.clientId, grant_type: 'refresh_token', refresh_token, token: access_token };
    const paths = ['token', 'introspect', 'revoke', 'device_authorization', 'par'];
    const answers = await away(() =>
      Promise.all(
        paths.map((path) =>
          suite.send(`/oauth2/${path}`, { method: 'POST', headers: { origin }, body: new URLSearchParams(form) }),
        ),
      ),
    );
    for (const answer of answers) {
      expectUnavailable(answer);
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-expose-headers')).toMatch(/\bRetry-After\b/);
    }
  });

  test('[§15.6.4] the pages say so with 503 and Retry-After, and send nobody anywhere', async () => {
    const agent = suite.agent();
    const visits = await away(async () => [
      await agent.get(`/oauth2/authorize?${authorization(client).query}`),
      await agent.get(`/oauth2/authorize?${authorization(client, { prompt: 'none' }).query}`),
      await agent.get(`/oauth2/authorize?${authorization(client, { redirect_uri: 'https://evil.example/' }).query}`),
    ]);
    for (const { status, headers, body } of visits) {
      expect([status, headers.get('location')]).toEqual([503, null]);
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(headers.get('content-type')).toContain('text/html');
      expect(body).not.toMatch(/mysql|ECONN|127\.0\.0\.1:\d+ |stack/i);
    }
  });

  test('[§15.6.4] a sign-in that it interrupts can be done again', async () => {
    const fresh = await suite.server.register(FOR_USERS);
    const agent = suite.agent();
    const login = await agent.get(`/oauth2/authorize?${authorization(fresh).query}`);
    const interrupted = await away(() => agent.submit(login, { username: 'alice', password: 'ecila' }));
    expect(interrupted.status).toBe(503);
    const consent = await agent.submit(login, { username: 'alice', password: 'ecila' });
    expect(consent.body).toContain('name="decision"');
  });

  test('[§15.6.4] connections that are cut and come back are no more than a hiccup', async () => {
    for (let count = 1; count <= 3; count += 1) {
      proxy.cut();
      const answer = await suite.token({ grant_type: 'client_credentials', scope: 'read' }, machine);
      if (answer.status !== 200) expectUnavailable(answer);
      expect((await suite.token({ grant_type: 'client_credentials', scope: 'read' }, machine)).status).toBe(200);
    }
  });

  test('[§15.6.4] metadata and keys that were read go on without it', async () => {
    expect((await suite.send('/oauth2/jwks')).status).toBe(200);
    const statuses = await away(async () => [
      (await suite.send('/oauth2/jwks')).status,
      (await suite.send('/.well-known/oauth-authorization-server')).status,
    ]);
    expect(statuses).toEqual([200, 200]);
  });
});

describe('the database freezes', () => {
  const { proxy, options } = useProxiedDatabase();
  const suite = useAuthorizationServer('SQLite + memory', {
    get oauth2() {
      return { database: options.database, databaseDeadlineMilliseconds: 500 };
    },
  });
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
  });
  afterEach(() => {
    proxy.thaw();
    suite.log.length = 0;
  });

  /** Freezes it while `work` runs, and waits until a fresh connection can be had again. */
  async function frozen<T>(work: () => Promise<T>): Promise<T> {
    proxy.freeze();
    const answer = await work();
    proxy.thaw();
    for (;;) {
      const { status } = await suite.post('/oauth2/par', Object.fromEntries(authorization(client).query), client);
      if (status === 201) return answer;
    }
  }

  test('[§15.6.4] every endpoint for programs answers 503 with Retry-After after the deadline, and goes on afterwards', async () => {
    const form = Object.fromEntries(authorization(client).query);
    const fresh = await suite.server.register(FOR_USERS);
    const machine = await suite.server.register();
    const tokens = await suite.tokens(fresh);
    const code = await suite.code(fresh);
    const answers = await frozen(() =>
      Promise.all([
        suite.token({ grant_type: 'client_credentials', scope: 'read' }, machine),
        suite.refresh(fresh, tokens.refresh_token),
        suite.exchange(fresh, code),
        suite.introspect(fresh, tokens.access_token),
        suite.revoke(fresh, tokens.access_token),
        suite.post('/oauth2/device_authorization', { scope: 'read' }, client),
        suite.post('/oauth2/par', form, client),
      ]),
    );
    for (const { status, body, headers } of answers) {
      expect({ status, error: body.error }).toEqual({ status: 503, error: 'temporarily_unavailable' });
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    // A revocation that was not acknowledged may be asked for again, and is then certain.
    expect((await suite.revoke(fresh, tokens.access_token)).status).toBe(200);
    expect(await suite.isActive(fresh, tokens.access_token)).toBe(false);
    expect((await suite.token({ grant_type: 'client_credentials', scope: 'read' }, machine)).status).toBe(200);
  });

  test('[§15.6.4] the pages answer 503 with Retry-After after the deadline', async () => {
    const agent = suite.agent();
    const fresh = await suite.server.register(FOR_USERS);
    const login = await agent.get(`/oauth2/authorize?${authorization(fresh).query}`);
    const visits = await frozen(async () => [
      await agent.get(`/oauth2/authorize?${authorization(fresh).query}`),
      await agent.submit(login, { username: 'alice', password: 'ecila' }),
      await agent.get('/oauth2/authorized-applications'),
      await agent.get('/oauth2/device'),
    ]);
    for (const { status, headers } of visits.slice(0, 2)) {
      expect(status).toBe(503);
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    for (const { status } of visits) expect([200, 503]).toContain(status);
    expect((await agent.submit(login, { username: 'alice', password: 'ecila' })).body).toContain('name="decision"');
  });
});
