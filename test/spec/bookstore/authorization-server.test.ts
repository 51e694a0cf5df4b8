import { stat } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { failToStart, freshStack, STACKS, type Stack, startBookstore, useBookstore } from '../../support/bookstore.js';
import { call, type Reply } from '../../support/spec/http.js';
import { UserAgent, type Visit } from '../../support/user-agent.js';

/** The link that the example prints. */
async function readyLink(output: string): Promise<string> {
  const [, url = ''] = /^Bookstore listens on \S+\n.* (http\S+)$/m.exec(output) ?? [];
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/demo$/);
  return url;
}

/** What the example's page shows: each answer with its status. */
function shown({ body }: Visit): { status: number; answer: unknown }[] {
  return [...body.matchAll(/<h2>[^\n]*: (\d+)<\/h2>\n<pre>(.*?)<\/pre>/gs)].map(([, status, text = '']) => ({
    status: Number(status),
    answer: JSON.parse(text.replaceAll('&quot;', '"').replaceAll('&amp;', '&')),
  }));
}

function signIn(agent: UserAgent, login: Visit, username = 'alice', password = 'wonderland'): Promise<Visit> {
  expect(login.body).toContain('name="password"');
  return agent.submit(login, { username, password });
}

const SCOPES = ['api', 'read', 'books', 'books:read'];

describe.each(STACKS)('the ready link of the example, on %s', (name) => {
  const withProcess = async (use: (url: string, output: string, stack: Stack) => Promise<void>) => {
    const stack = await freshStack(name);
    const shop = await startBookstore(stack);
    try {
      await use(shop.url, await shop.output(), stack);
      expect(await shop.stop()).toBe(0);
    } finally {
      await shop.stop('SIGKILL');
      await stack.drop();
    }
  };

  test(
    'leads through login and consent to an answer, and to a guarded action; and works again',
    () =>
      withProcess(async (url, output) => {
        const link = await readyLink(output);
        const agent = new UserAgent(url);
        const wrong = await signIn(agent, await agent.get(link), 'alice', 'rabbit');
        const consent = await signIn(agent, wrong);
        expect(consent.body).toContain('Bookstore reader');
        const arrived = await agent.submit(consent, { decision: 'allow' });
        const outcome = [
          {
            status: 200,
            answer: {
              access_token: expect.stringMatching(/^.{6}…$/),
              refresh_token: expect.stringMatching(/^.{6}…$/),
              token_type: 'Bearer',
              expires_in: 3600,
              scope: SCOPES.join(' '),
            },
          },
          { status: 200, answer: { user: 'alice', scopes: SCOPES } },
        ];
        expect(arrived.status).toBe(200);
        expect(shown(arrived)).toEqual(outcome);
        // Signed in and allowed; but an application at a loopback address is asked about each time (RFC 8252 §8.6).
        const again = await agent.get(link);
        expect(again.body).toContain('name="decision"');
        expect(shown(await agent.submit(again, { decision: 'allow' }))).toEqual(outcome);
        // Another browser is asked again.
        expect((await new UserAgent(url).get(link)).body).toContain('name="password"');
      }),
    60_000,
  );

  test(
    'an answer that this browser has not asked for, or has used, is not taken',
    () =>
      withProcess(async (url, output) => {
        const link = await readyLink(output);
        const agent = new UserAgent(url);
        const arrived = await agent.submit(await signIn(agent, await agent.get(link)), { decision: 'allow' });
        const again = await agent.get(arrived.url);
        expect([again.status, shown(again)]).toEqual([400, []]);
        const query = new URL(arrived.url).searchParams;
        for (const [parameter, value] of [
          ['state', ''],
          ['state', 'A'.repeat(43)],
          ['iss', 'https://elsewhere.example'],
          ['iss', ''],
          ['code', ''],
        ] as const) {
          const started = await fetch(link, { redirect: 'manual' });
          const state = new URL(started.headers.get('location') ?? '').searchParams.get('state') ?? '';
          const cookie = started.headers.getSetCookie().map((line) => line.split(';', 1)[0]);
          const answer = new URLSearchParams({ ...Object.fromEntries(query), state, [parameter]: value });
          if (value === '') answer.delete(parameter);
          const reply = await fetch(`${url}/demo/callback?${answer}`, { headers: { cookie: cookie.join('; ') } });
          expect([parameter, reply.status]).toEqual([parameter, 400]);
          expect(await reply.text()).toContain(`<code>${parameter}</code>`);
        }
      }),
    60_000,
  );

  test(
    'a user who denies it is back at the application, which says so',
    () =>
      withProcess(async (url, output) => {
        const agent = new UserAgent(url);
        const consent = await signIn(agent, await agent.get(await readyLink(output)), 'bob', 'builder');
        const denied = await agent.submit(consent, { decision: 'deny' });
        expect(new URL(denied.url).pathname).toBe('/demo/callback');
        expect(denied.body).toContain('access_denied');
        expect(shown(denied)).toEqual([]);
      }),
    60_000,
  );

  test('an application in a database that was made for another address is admitted nevertheless', async () => {
    const stack = await freshStack(name);
    for (let start = 0; start < 2; start += 1) {
      const shop = await startBookstore(stack);
      const agent = new UserAgent(shop.url);
      const consent = await signIn(agent, await agent.get(await readyLink(await shop.output())));
      const visit = await agent.submit(consent, { decision: 'allow' });
      expect(shown(visit)[1]).toMatchObject({ status: 200, answer: { user: 'alice' } });
      expect(await shop.stop()).toBe(0);
    }
    await stack.drop();
  }, 60_000);

  test(
    'alice is staff and sees all applications; bob does not',
    () =>
      withProcess(async (url) => {
        const page = '/oauth2/staff/applications';
        const [alice, bob] = [new UserAgent(url), new UserAgent(url)];
        const all = await signIn(alice, await alice.get(page));
        expect(all.status).toBe(200);
        for (const clientId of ['bookstore-demo', 'bookstore-reader']) expect(all.body).toContain(clientId);
        expect((await signIn(bob, await bob.get(page), 'bob', 'builder')).status).toBe(403);
      }),
    60_000,
  );
});

describe.each(STACKS)('the endpoints of the example, on %s', (name) => {
  const shop = useBookstore(name, { processes: 2, environment: { THROTTLE_ANON: 'null' } });
  const post = (url: string, path: string, form: Record<string, string>, credentials: string) =>
    call(`${url}/oauth2${path}`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams(form).toString(),
    });

  test('a token of client_credentials works on guarded actions at once, and nowhere after it was revoked', async () => {
    const credentials = await shop.service();
    // Every process prints the same secret, and knows it.
    for (const [index, url] of shop.urls.entries()) {
      const issued = await post(url, '/token', { grant_type: 'client_credentials', scope: 'api read' }, credentials);
      expect(issued).toMatchObject({ status: 200, body: { token_type: 'Bearer', scope: 'api read' } });
      const { access_token: token } = issued.body as { access_token: string };
      const everywhere = (): Promise<Reply[]> =>
        Promise.all(shop.urls.map((one) => call(`${one}/api/protected`, { token })));
      for (const reply of await everywhere()) {
        expect(reply).toMatchObject({ status: 200, body: { user: null, scopes: ['api', 'read'] } });
      }
      const other = shop.urls[1 - index] ?? '';
      expect(await post(other, '/introspect', { token }, credentials)).toMatchObject({
        status: 200,
        body: { active: true, client_id: 'bookstore-demo', scope: 'api read' },
      });
      expect((await post(other, '/revoke', { token }, credentials)).status).toBe(200);
      // The stated bound is one second, for requests that begin after it.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      for (const reply of await everywhere()) {
        expect(reply).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
      }
      expect((await post(url, '/introspect', { token }, credentials)).body).toEqual({ active: false });
    }
  });

  test('[AS-43] the metadata say what applications are told of users: their names', async () => {
    const { body } = await call(`${shop.url}/.well-known/openid-configuration`);
    expect((body as { claims_supported: string[] }).claims_supported).toContain('preferred_username');
  });

  test('errors of programs are JSON, errors of browsers are pages, and an address that is none is JSON', async () => {
    const refused = await post(shop.url, '/token', { grant_type: 'client_credentials' }, 'bookstore-demo:wrong');
    expect(refused).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const page = await fetch(`${shop.url}/oauth2/authorize?client_id=nobody`);
    expect([page.status, page.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8']);
    expect((await call(`${shop.url}/oauth2/nothing`)).body).toMatchObject({ error: 'not_found' });
  });
});

describe('the encryption key of the example', () => {
  test('is kept alongside an SQLite database, for its owner alone, and is used again', async () => {
    const stack = await freshStack('SQLite + memory');
    const file = `${stack.databaseUrl.replace('sqlite:', '')}.key`;
    const jwks = [];
    for (let start = 0; start < 2; start += 1) {
      const shop = await startBookstore(stack);
      expect(await shop.output()).toContain(`The encryption key is kept in ${file};`);
      jwks.push((await call(`${shop.url}/oauth2/jwks`)).body);
      expect(await shop.stop()).toBe(0);
    }
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
    expect(jwks[1]).toEqual(jwks[0]);
    // Another key does not open what is stored: said at the start, not at the first sign-in.
    const { output, exitCode } = await failToStart({
      PORT: '0',
      HOST: '127.0.0.1',
      DATABASE_URL: stack.databaseUrl,
      OAUTH2_ENCRYPTION_KEYS: 'A'.repeat(43),
    });
    expect([exitCode, output]).toEqual([2, expect.stringMatching(/signing key \S+ cannot be decrypted/)]);
    await stack.drop();
  }, 60_000);

  test('is needed with a database server: one line that says so, exit code 2', async () => {
    const { output, exitCode } = await failToStart({ DATABASE_URL: 'mysql://root@127.0.0.1:3306/bookstore' });
    expect(exitCode).toBe(2);
    expect(output.trim().split('\n')).toHaveLength(1);
    expect(output).toContain('OAUTH2_ENCRYPTION_KEYS is needed');
  });
});
