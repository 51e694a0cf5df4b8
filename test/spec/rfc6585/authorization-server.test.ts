import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization } from '../../support/authorization.js';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { type Answer, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const GOOD = { grant_type: 'client_credentials', scope: 'read' };

function expectThrottled(answer: Answer): void {
  expect(answer.status).toBe(429);
  expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(answer.headers.get('cache-control')).toBe('no-store');
}

describe.each(STACKS)('failed client authentications, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    oauth2: { throttling: { failedAuthentication: '5/hour' }, trustedProxies: 1 },
  });
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register();
  });

  const ask = (address: string, by: TestClient, path = '/oauth2/token', form: Record<string, string> = GOOD) =>
    suite.send(path, {
      method: 'POST',
      headers: { authorization: basic(by), 'x-forwarded-for': address },
      body: new URLSearchParams(form),
    });
  const wrong = (clientId: string): TestClient => ({ clientId, clientSecret: 'wrong' });

  test('[AS-36 TH-48 §4] are limited by address: then 429 with Retry-After, whoever is claimed, at every endpoint', async () => {
    const address = '198.51.100.1';
    for (let index = 1; index <= 5; index += 1) {
      expect((await ask(address, wrong(`nobody-${index}`))).status).toBe(401);
    }
    const refused = await ask(address, wrong('nobody-6'));
    expectThrottled(refused);
    expect(refused.body).toEqual({ error: 'throttled', error_description: expect.any(String) });
    for (const path of ['/oauth2/introspect', '/oauth2/revoke', '/oauth2/device_authorization', '/oauth2/par']) {
      expectThrottled(await ask(address, wrong('nobody-7'), path, { token: 'x' }));
    }
    expectThrottled(await ask(address, client));
    expect((await ask('198.51.100.2', client)).status).toBe(200);
  });

  test('[AS-36 TH-48] by a form, or an assertion, they count as well', async () => {
    const address = '198.51.100.3';
    const send = (form: Record<string, string>) =>
      suite.send('/oauth2/token', {
        method: 'POST',
        headers: { 'x-forwarded-for': address },
        body: new URLSearchParams({ ...GOOD, ...form }),
      });
    for (let index = 1; index <= 5; index += 1) {
      expect((await send({ client_id: `in-form-${index}`, client_secret: 'x' })).status).toBe(401);
    }
    expectThrottled(await send({ client_id: 'in-form-6', client_secret: 'x' }));
  });

  test('[AS-36 TH-48] what succeeds, and what is refused for another reason, costs nothing', async () => {
    const address = '198.51.100.4';
    for (let count = 1; count <= 8; count += 1) {
      expect((await ask(address, client)).status).toBe(200);
      expect((await ask(address, client, '/oauth2/token', { ...GOOD, scope: 'nope' })).status).toBe(400);
      expect((await ask(address, client, '/oauth2/introspect', { token: 'unknown' })).status).toBe(200);
    }
    expect((await ask(address, wrong('nobody'))).status).toBe(401);
  });

  test('[AS-36 TH-48] at once no more than the budget are looked at', async () => {
    const address = '198.51.100.5';
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) => ask(address, wrong(`at-once-${index}`))),
    );
    const looked = answers.filter(({ status }) => status === 401).length;
    expect(looked).toBeLessThanOrEqual(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30 - looked);
  });
});

describe.each(STACKS)('the limits of the endpoints, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: { throttling: { token: '3/h', authorize: '3/h', device: '3/h', introspection: '3/h' } },
    oauth2: { trustedProxies: 1 },
  });
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, grantTypes: [...FOR_USERS.grantTypes, 'client_credentials'] });
  });

  const post = (path: string, form: Record<string, string>) => (address: string) =>
    suite.send(path, {
      method: 'POST',
      headers: { authorization: basic(client), 'x-forwarded-for': address },
      body: new URLSearchParams(form),
    });
  const get = (path: () => string) => (address: string) =>
    suite.send(path(), { headers: { 'x-forwarded-for': address } });

  test.each([
    ['the token endpoint', post('/oauth2/token', GOOD), 200],
    ['introspection', post('/oauth2/introspect', { token: 'x' }), 200],
    ['revocation', post('/oauth2/revoke', { token: 'x' }), 200],
    ['the authorization endpoint', get(() => `/oauth2/authorize?${authorization(client).query}`), 303],
    ['the device authorization endpoint', post('/oauth2/device_authorization', { scope: 'read' }), 200],
    ['[AS-38 RFC 8628 §5.1] the page for user codes', get(() => '/oauth2/device'), 200],
  ] as const)('[§4] %s has a limit by address, and then answers 429 with Retry-After', async (title, ask, status) => {
    const address = `203.0.113.${title.length}`;
    for (let count = 1; count <= 3; count += 1) expect((await ask(address)).status).toBe(status);
    expectThrottled(await ask(address));
    expect((await ask('203.0.113.200')).status).toBe(status);
  });

  test('[§4] devices and people at one address do not wait for each other', async () => {
    const address = '203.0.113.220';
    const device = post('/oauth2/device_authorization', { scope: 'read' });
    for (let count = 1; count <= 3; count += 1) expect((await device(address)).status).toBe(200);
    expectThrottled(await device(address));
    expect((await get(() => '/oauth2/device')(address)).status).toBe(200);
  });

  test.each([
    ['a form, at the token endpoint', '/oauth2/token', 'POST', { 'sec-fetch-mode': 'navigate' }],
    ['a script, at the token endpoint', '/oauth2/token', 'POST', { 'sec-fetch-mode': 'cors' }],
    ['a form, at pushed requests', '/oauth2/par', 'POST', { 'sec-fetch-mode': 'no-cors' }],
    ['an image, at the authorization endpoint', '/oauth2/authorize', 'GET', { 'sec-fetch-mode': 'no-cors' }],
    ['a form, at the page for user codes', '/oauth2/device', 'POST', { 'sec-fetch-mode': 'navigate' }],
  ])('[AS-54] for a page of another origin %s spends no limit of its visitor’s address', async (...row) => {
    const [title, path, method, mode] = row;
    const address = `203.0.113.${100 + title.length}`;
    const own = () => suite.send(path, { method, headers: { 'x-forwarded-for': address } });
    const headers = {
      'x-forwarded-for': address,
      'sec-fetch-site': 'cross-site',
      origin: 'https://a.example',
      ...mode,
    };
    const statuses = [];
    for (let count = 1; count <= 4; count += 1) statuses.push((await suite.send(path, { method, headers })).status);
    expect(statuses.map((status) => status === 429)).toEqual([false, false, false, true]);
    expect((await own()).status).not.toBe(429);
  });

  test('[AS-38 RFC 8628 §5.1] guesses of user codes are limited, however they are sent', async () => {
    const address = '203.0.113.210';
    const guess = () =>
      suite.send('/oauth2/device', {
        method: 'POST',
        headers: { 'x-forwarded-for': address },
        body: new URLSearchParams({ user_code: 'XXXX-XXXX', confirm: 'yes' }),
      });
    for (let count = 1; count <= 3; count += 1) expect((await guess()).status).not.toBe(429);
    expectThrottled(await guess());
  });
});
