import { randomBytes, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { djangoHash } from '../../support/django-secrets.js';
import { type Answer, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const GOOD = { grant_type: 'client_credentials', scope: 'read' };
const LIMIT = 5;

/** Every endpoint where applications authenticate, with a form that is in order there, and what is answered to it. */
const ENDPOINTS = [
  ['/oauth2/token', GOOD, 200],
  ['/oauth2/introspect', { token: 'x' }, 200],
  ['/oauth2/revoke', { token: 'x' }, 200],
  ['/oauth2/device_authorization', { scope: 'read' }, 200],
  ['/oauth2/par', { response_type: 'code', scope: 'read' }, 400],
] as const;

let last = 0;
/** An address that nobody had before. */
function freshAddress(): string {
  last += 1;
  return `198.18.${last >> 8}.${last & 255}`;
}

describe.each(STACKS)('who fails to authenticate as an application, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    oauth2: { throttling: { failedAuthentication: `${LIMIT}/hour` }, trustedProxies: 1 },
  });
  const everything = { ...FOR_USERS, grantTypes: [...FOR_USERS.grantTypes, 'client_credentials'] };

  interface Request {
    readonly from: string;
    readonly by?: TestClient;
    readonly path?: string;
    readonly form?: Record<string, string>;
    readonly headers?: Record<string, string>;
  }
  const ask = ({ from, by, path = '/oauth2/token', form = GOOD, headers = {} }: Request): Promise<Answer> =>
    suite.send(path, {
      method: 'POST',
      headers: { ...(by && { authorization: basic(by) }), 'x-forwarded-for': from, ...headers },
      body: new URLSearchParams(form),
    });
  let guesses = 0;
  const wrongFor = ({ clientId }: TestClient): TestClient => ({ clientId, clientSecret: `a guess ${++guesses}` });
  async function failAs(by: TestClient, from: string, times = LIMIT): Promise<void> {
    for (let count = 0; count < times; count += 1) expect((await ask({ from, by: wrongFor(by) })).status).toBe(401);
  }

  test.each(ENDPOINTS)(
    '[AS-54 AS-36 §2.3] at %s a stranger’s failures never refuse right credentials from elsewhere',
    async (path, form, status) => {
      const client = await suite.server.register(everything);
      const stranger = freshAddress();
      await failAs(client, stranger);
      expect((await ask({ from: stranger, by: client })).status).toBe(429);
      for (let other = 0; other < 3; other += 1) await failAs(client, freshAddress());
      expect((await ask({ from: freshAddress(), by: client, path, form })).status).toBe(status);
    },
  );

  test('[AS-54] an application that has authenticated from an address does not pay for its neighbours there', async () => {
    const [client, neighbour] = [await suite.server.register(), await suite.server.register()];
    const from = freshAddress();
    expect((await ask({ from, by: client })).status).toBe(200);
    await failAs(neighbour, from);
    expect((await ask({ from, by: wrongFor(neighbour) })).status).toBe(429);
    expect((await ask({ from, by: client })).status).toBe(200);
    expect((await ask({ from, by: client, path: '/oauth2/introspect', form: { token: 'x' } })).status).toBe(200);
  });

  test('[AS-54] right credentials are not refused for guesses at the same application from the same address', async () => {
    const client = await suite.server.register();
    const from = freshAddress();
    expect((await ask({ from, by: client })).status).toBe(200);
    await failAs(client, from);
    expect((await ask({ from, by: wrongFor(client) })).status).toBe(429);
    expect((await ask({ from, by: client })).status).toBe(200);
    // And its neighbours have their own budget still.
    expect((await ask({ from, by: wrongFor(await suite.server.register()) })).status).toBe(401);
  });

  test('[AS-54 AS-36] credentials that were recently valid and are replaced count as failures again', async () => {
    const client = await suite.server.register();
    const from = freshAddress();
    expect((await ask({ from, by: client })).status).toBe(200);
    await suite.server.oauth2.applications.rotateSecret(client.clientId);
    const statuses = [];
    for (let count = 0; count < 2 * LIMIT + 2; count += 1) statuses.push((await ask({ from, by: client })).status);
    expect(statuses).toContain(429);
    expect(statuses).not.toContain(200);
  });

  test('[AS-54] public applications have no secret and no budget', async () => {
    const open = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    const { refresh_token } = await suite.tokens(open);
    const from = freshAddress();
    await failAs(await suite.server.register(), from);
    const form = { grant_type: 'refresh_token', refresh_token, client_id: open.clientId };
    expect((await ask({ from, form })).status).toBe(200);
    const unknown = { ...form, client_id: 'nobody' };
    for (let count = 0; count < LIMIT + 2; count += 1) expect((await ask({ from, form: unknown })).status).toBe(401);
  });

  describe('by private_key_jwt', () => {
    test('[AS-54 RFC 7523 §3] bad assertions for an application refuse no good one from elsewhere', async () => {
      const pair = await generateKeyPair('ES256');
      const stranger = await generateKeyPair('ES256');
      const jwk = { ...(await exportJWK(pair.publicKey)), alg: 'ES256', use: 'sig' };
      const keyed = await suite.server.register({ jwks: { keys: [jwk] } as never });
      const assertion = (key = pair.privateKey) =>
        new SignJWT({})
          .setProtectedHeader({ alg: 'ES256' })
          .setIssuer(keyed.clientId)
          .setSubject(keyed.clientId)
          .setAudience(suite.url)
          .setJti(randomUUID())
          .setIssuedAt()
          .setExpirationTime('1m')
          .sign(key);
      const send = async (from: string, key = pair.privateKey) =>
        (
          await ask({
            from,
            form: { ...GOOD, client_assertion_type: ASSERTION, client_assertion: await assertion(key) },
          })
        ).status;
      const [theirs, own] = [freshAddress(), freshAddress()];
      for (let count = 0; count < LIMIT; count += 1) expect(await send(theirs, stranger.privateKey)).toBe(401);
      expect(await send(theirs, stranger.privateKey)).toBe(429);
      expect(await send(own)).toBe(200);
      // Where it is known, its neighbours do not count against it.
      await failAs(await suite.server.register(), own);
      expect(await send(own)).toBe(200);
      expect(await send(own, stranger.privateKey)).toBe(401);
    });
  });

  describe('with a secret that a person has chosen, imported from Django', () => {
    let client: TestClient;
    const own = freshAddress();
    beforeAll(async () => {
      const clientSecret = 'a walrus and a carpenter';
      client = { ...(await suite.server.register({ importedSecretHash: djangoHash(clientSecret) })), clientSecret };
      expect((await ask({ from: own, by: client })).status).toBe(200);
      for (let guess = 0; guess < LIMIT; guess += 1) {
        expect((await ask({ from: freshAddress(), by: wrongFor(client) })).status).toBe(401);
      }
    });

    test('[AS-54 TH-48] guesses from many addresses end, with Retry-After', async () => {
      const answer = await ask({ from: freshAddress(), by: wrongFor(client) });
      expect(answer.status).toBe(429);
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.body).toEqual({ error: 'throttled', error_description: expect.any(String) });
    });

    test('[AS-54] where it has authenticated recently it still may, and mistakes there are answered as such', async () => {
      expect((await ask({ from: own, by: client })).status).toBe(200);
      expect((await ask({ from: own, by: wrongFor(client) })).status).toBe(401);
      // Also from elsewhere, if they are the very credentials that were right lately.
      expect((await ask({ from: freshAddress(), by: client })).status).toBe(200);
    });

    test('[AS-54] a secret that looks generated is none of these guesses: it is right at once, also for the first time', async () => {
      const clientSecret = 'Vh3kT0qYw9_zLr5Bd-8mXcJ2nGs7Pf4u';
      const fresh = {
        ...(await suite.server.register({ importedSecretHash: djangoHash(clientSecret) })),
        clientSecret,
      };
      for (let guess = 0; guess < LIMIT + 1; guess += 1) await ask({ from: freshAddress(), by: wrongFor(fresh) });
      expect((await ask({ from: freshAddress(), by: wrongFor(fresh) })).status).toBe(429);
      expect((await ask({ from: freshAddress(), by: fresh })).status).toBe(200);
    });

    test('[AS-54] other applications do not wait', async () => {
      const other = { ...(await suite.server.register({ importedSecretHash: djangoHash('x') })), clientSecret: 'x' };
      expect((await ask({ from: freshAddress(), by: other })).status).toBe(200);
    });
  });

  describe('in a browser, for a page of another origin', () => {
    const forged = { ...GOOD, client_id: 'nobody', client_secret: 'x' };
    const pages = [
      ['a form', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', origin: 'https://evil.example' }],
      ['a form of a sandbox', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', origin: 'null' }],
      ['a fetch without preflight', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }],
      ['a form, in an older browser', { origin: 'https://evil.example' }],
    ] as const;
    test.each(pages)('[AS-54] %s cannot spend the budget of its visitor’s address', async (_title, headers) => {
      const from = freshAddress();
      const client = await suite.server.register();
      const statuses = [];
      for (let count = 0; count < LIMIT + 2; count += 1)
        statuses.push((await ask({ from, form: forged, headers })).status);
      // It has a budget of its own, so that nobody guesses without end under a made-up field.
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
      expect((await ask({ from, by: client })).status).toBe(200);
      await failAs(client, from, 1);
    });

    test('[AS-54] a script of another origin works for a public application, and spends nothing', async () => {
      const open = await suite.server.register({
        ...FOR_USERS,
        redirectUris: ['https://spa.example/cb'],
        clientType: 'public',
      });
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', origin: 'https://spa.example' };
      const from = freshAddress();
      const form = { grant_type: 'authorization_code', code: 'x', redirect_uri: 'https://spa.example/cb' };
      for (let count = 0; count < LIMIT + 2; count += 1) {
        const answer = await ask({
          from,
          form: { ...form, code_verifier: 'x'.repeat(43), client_id: open.clientId },
          headers,
        });
        expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
      }
      await failAs(await suite.server.register(), from, 1);
    });
  });
});

describe.each(STACKS)('a secret imported from Django, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  const stored = (clientId: string) => suite.server.oauth2.applications.findByClientId(clientId);
  async function imported(clientSecret: string, iterations?: number): Promise<TestClient> {
    const importedSecretHash = djangoHash(clientSecret, iterations);
    return { ...(await suite.server.register({ importedSecretHash })), clientSecret };
  }
  const ask = async (by: TestClient) => (await suite.token(GOOD, by)).status;

  test.each([
    [
      '128 characters, as Django OAuth Toolkit makes them',
      () => randomBytes(96).toString('base64').replaceAll(/[+/]/g, 'Q7'),
    ],
    ['64 hexadecimal digits', () => randomBytes(32).toString('hex')],
    ['a UUID', () => '9b2f8c1e-4a7d-4e3b-8f60-d1c5a29e7b34'],
    ['22 characters of base64url', () => 'q7Zt0PxW3_vR9kLm2Y-uB4'],
  ])('[AS-36] of %s is stored as a fast hash once it was right, and works on', async (_title, make) => {
    const client = await imported(make());
    expect(await ask({ ...client, clientSecret: 'wrong' })).toBe(401);
    expect(await stored(client.clientId)).toMatchObject({ clientSecretHash: null });
    expect(await ask(client)).toBe(200);
    expect(await stored(client.clientId)).toMatchObject({ clientSecretImported: null });
    expect((await stored(client.clientId))?.clientSecretHash).toHaveLength(32);
    expect([await ask(client), await ask({ ...client, clientSecret: 'wrong' })]).toEqual([200, 401]);
  });

  test.each([
    'alice',
    'correct-horse-battery-staple',
    'MyVeryLongCompanySecret2024ForTheApp',
    '0123456789abcdefghijklmnopqrstuvwxyz',
    'Passw0rd-1Passw0rd-1Passw0rd-1',
    'a1b2c3d4e5f6g7h8i9j0k1l2m3n4',
    'with spaces, as a person 1ikes them to Be',
  ])('[AS-36] that a person can have chosen stays under PBKDF2: %s', async (secret) => {
    const client = await imported(secret);
    expect([await ask(client), await ask(client)]).toEqual([200, 200]);
    expect(await stored(client.clientId)).toMatchObject({
      clientSecretHash: null,
      clientSecretImported: djangoHash(secret),
    });
  });

  test('[AS-36] a secret that was replaced while the old one was checked stays replaced', async () => {
    const client = await imported(randomBytes(32).toString('base64url'));
    const application = await stored(client.clientId);
    if (application === undefined) throw new Error('There is no application.');
    const { applications } = suite.server.oauth2;
    const fresh = (await applications.rotateSecret(client.clientId)) as string;
    expect(await applications.rehashImportedSecret(application, client.clientSecret)).toBe(false);
    expect([await ask(client), await ask({ ...client, clientSecret: fresh })]).toEqual([401, 200]);
  });

  test('[AS-36 TH-48] more guesses at once than can be checked soon are 503 with Retry-After, and refuse nobody who is known', async () => {
    const client = await imported('a walrus and a carpenter', 400_000);
    expect(await ask(client)).toBe(200);
    const guesses = Array.from({ length: 60 }, (_, index) =>
      suite.token(GOOD, { ...client, clientSecret: `guess ${index}` }),
    );
    const generated = await suite.server.register();
    expect([await ask(client), await ask(generated)]).toEqual([200, 200]);
    const answers = await Promise.all(guesses);
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(20);
    for (const answer of refused) {
      expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(answer.body).toEqual({ error: 'temporarily_unavailable', error_description: expect.any(String) });
    }
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(answers.length - refused.length);
  });
});
