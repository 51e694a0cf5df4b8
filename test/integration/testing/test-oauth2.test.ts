import { AssertionError } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { jwtTokens, type UserStore } from '../../../src/public/index.js';
import { type Served, type TestApplication, type TestOptions, testOAuth2 } from '../../../src/public/testing.js';
import { BookController, done, SCOPES } from './books.js';

const running: TestApplication[] = [];

async function start(options: Parameters<typeof testOAuth2>[0] = {}, served: Served = [BookController]) {
  const t = await testOAuth2(options, served);
  running.push(t);
  return t;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((t) => t.close()));
});

async function message(failing: Promise<unknown>): Promise<string> {
  const error = await failing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AssertionError);
  return (error as AssertionError).message;
}

const json = async (answer: Promise<Response>) => (await answer).json();

describe('t.as', () => {
  test('a user has a real token: it is a row of the database, and revoking it ends it', async () => {
    const t = await start();
    const headers = await t.as('ann', ['books:read']);
    expect(await json(t.fetch('/books', { headers }))).toEqual({ user: { id: 'ann' }, client: 'test-client' });
    const token = headers.authorization.replace('Bearer ', '');
    expect(await t.oauth2.tokens.inspect(token)).toMatchObject({ active: true, sub: 'ann' });
    await t.oauth2.tokens.revoke(token);
    await t.expectDenied(t.fetch('/books', { headers }), 'invalid_token');
  });

  test('without the option users a user object is what an action gets, and one that is not active is refused', async () => {
    const t = await start();
    const ann = { id: 7, name: 'Ann' };
    expect(await json(t.fetch('/books', { headers: t.as(ann, 'books:read') }))).toMatchObject({ user: ann });
    const gone = await t.as({ id: 'bob', active: false }, ['books:read']);
    await t.expectDenied(t.fetch('/books', { headers: gone }), 'invalid_token');
  });

  test('the users of the host are asked, and one that they do not know is told at once', async () => {
    const users: UserStore<{ readonly key: string }> = {
      findById: (key) => (key === 'ann' ? { key } : undefined),
      isActive: () => true,
      idOf: ({ key }) => key,
    };
    const t = await start({ users: users as UserStore });
    expect(await json(t.fetch('/books', { headers: t.as({ key: 'ann' }, 'books:read') }))).toMatchObject({
      user: { key: 'ann' },
    });
    await expect(t.as('bob', 'books:read')).rejects.toThrow('the option users knows no user "bob"');
  });

  test('an application alone has no user', async () => {
    const t = await start();
    const headers = await t.as({ client: 'shop' }, ['books:read', 'books:write']);
    expect(await json(t.fetch('/books', { headers }))).toEqual({ user: null, client: 'shop' });
    await t.expectDenied(t.fetch('/books/ann', { method: 'DELETE', headers }), 'access_denied');
  });

  test('a scope that the option scopes does not name is refused, and so is a detail that there is none of', async () => {
    const t = await start({ scopes: SCOPES });
    await expect(t.as('ann', ['books:raed'])).rejects.toThrow('books:raed');
    await expect(t.as('ann', [], { acrs: 'otp' } as never)).rejects.toThrow('did you mean t.as.acr?');
  });

  test('what the token says of the authentication decides about a step-up, and grows old by the clock', async () => {
    const t = await start();
    const secret = (details: object) => t.fetch('/books/secret', { headers: t.as('ann', 'books:read', details) });
    expect((await secret({ acr: 'otp' })).status).toBe(200);
    await t.expectDenied(secret({}), { error: 'insufficient_user_authentication', challenge: { acr_values: 'otp' } });
    expect((await secret({ acr: 'otp', authenticatedSecondsAgo: 300 })).status).toBe(200);
    await t.expectDenied(secret({ acr: 'otp', authenticatedSecondsAgo: 301 }), 'insufficient_user_authentication');
    const headers = await t.as('ann', 'books:read', { acr: 'otp' });
    t.clock.advance({ seconds: 301 });
    await t.expectDenied(t.fetch('/books/secret', { headers }), 401);
  });

  test('the audience is that of the resource, unless the test says another', async () => {
    const t = await start({ resource: 'https://api.example.com' });
    expect((await t.fetch('/books', { headers: t.as('ann', 'books:read') })).status).toBe(200);
    const elsewhere = t.as('ann', 'books:read', { audience: ['https://other.example.com'] });
    await t.expectDenied(t.fetch('/books', { headers: elsewhere }), 'invalid_token');
  });

  test('a negative lifetime gives a token that has expired', async () => {
    const t = await start();
    const headers = await t.as('ann', 'books:read', { lifetimeSeconds: -1 });
    await t.expectDenied(t.fetch('/books', { headers }), {
      error: 'invalid_token',
      description: 'The access token has expired.',
    });
  });

  test('where tokens of other issuers are verified only, and for what only they say, the guard knows it in memory', async () => {
    const issuer = 'https://login.example.com';
    const verifiers: TestOptions['verifiers'] = [jwtTokens({ issuer, audience: 'https://api.example.com' })];
    const t = await start({ verifiers });
    const headers = await t.as('ann', ['books:read'], { issuer, claims: { tenant: 'north' } });
    expect(await json(t.fetch('/books', { headers }))).toMatchObject({ user: { issuer, subject: 'ann' } });
    await t.expectDenied(t.fetch('/books', { method: 'POST', headers, json: {} } as never), 'insufficient_scope');
  });
});

describe('t.clock', () => {
  test('tokens expire by it, to the second', async () => {
    const t = await start({ accessTokenLifetimeSeconds: 60 });
    const headers = await t.as('ann', 'books:read');
    t.clock.advance({ seconds: 59 });
    expect((await t.fetch('/books', { headers })).status).toBe(200);
    t.clock.advance({ seconds: 1 });
    await t.expectDenied(t.fetch('/books', { headers }), 'invalid_token');
  });

  test('throttles refill by it, and say the same on a slow machine', async () => {
    const t = await start();
    const headers = await t.as('ann', 'books:read');
    const rare = () => t.fetch('/books/rare', { headers });
    expect([(await rare()).status, (await rare()).status]).toEqual([200, 200]);
    const { retryAfterSeconds } = await t.expectDenied(rare(), 'throttled');
    expect(retryAfterSeconds).toBe(60);
    t.clock.advance({ minutes: 1 });
    expect((await rare()).status).toBe(200);
  });

  test('what is cached grows old by it', async () => {
    const t = await start();
    const ann = { id: 'ann', active: true };
    const headers = await t.as(ann, 'books:read');
    const list = () => t.fetch('/books', { headers });
    expect((await list()).status).toBe(200);
    ann.active = false;
    expect((await list()).status).toBe(200);
    t.clock.advance({ seconds: 1 });
    await t.expectDenied(list(), 'invalid_token');
  });

  test('it goes forward only, by a time that is named', async () => {
    const t = await start();
    for (const [duration, fix] of [
      [{ minutes: -1 }, 'clock.advance.minutes'],
      [{}, 'name a time'],
      [{ minute: 1 }, 'did you mean clock.advance.minutes?'],
      [5, 'name a time'],
      [{ hours: Number.NaN }, 'clock.advance.hours'],
    ] as const) {
      expect(() => t.clock.advance(duration as object)).toThrow(fix);
    }
  });
});

describe('t.expectDenied', () => {
  test('it knows each refusal, by status, error and challenge', async () => {
    const t = await start();
    const reader = await t.as('ann', 'books:read');
    await t.expectDenied(t.fetch('/books'), 'authentication_required');
    await t.expectDenied(t.fetch('/books'));
    await t.expectDenied(t.fetch('/books', { headers: { authorization: 'Bearer unknown' } }), 'invalid_token');
    const denial = await t.expectDenied(t.fetch('/books', { headers: reader, json: {} }), {
      error: 'insufficient_scope',
      scope: 'books:write',
      description: /higher privileges/,
    });
    expect(denial).toMatchObject({ status: 403, scopes: ['books:write'], challenges: [{ scheme: 'Bearer' }] });
    expect(await t.expectDenied(t.fetch('/books'), 401)).toMatchObject({ error: 'authentication_required' });
  });

  test('what was allowed is told, with the request and the caller', async () => {
    const t = await start();
    const headers = await t.as('ann', ['books:read']);
    expect(await message(t.expectDenied(t.fetch('/books', { headers }), 'insufficient_scope'))).toBe(
      'GET /books as user ann with the scopes books:read: expected a refusal with insufficient_scope (403), ' +
        'but it was answered with 200: {"user":{"id":"ann"},"client":"test-client"}.\n  - the status is 200, not 403',
    );
  });

  test('another refusal is told with its description and its challenge', async () => {
    const t = await start();
    const headers = await t.as('ann', ['books:read']);
    const create = () => t.fetch('/books', { headers, json: {} });
    expect(await message(t.expectDenied(create(), 'access_denied'))).toMatch(
      /^POST \/books as user ann .*expected a refusal with access_denied \(403\), but it was refused with 403 insufficient_scope: .*\(challenge: Bearer realm="api", error="insufficient_scope".*scope="books:write"\)\.\n {2}- the error is insufficient_scope, not access_denied$/,
    );
    expect(await message(t.expectDenied(create(), { scope: ['books:read'] }))).toContain(
      'the challenge asks for the scopes "books:write", not "books:read"',
    );
    expect(await message(t.expectDenied(create(), { description: 'No.' }))).toContain(', not No.');
    expect(await message(t.expectDenied(create(), { challenge: { realm: 'shop' } }))).toContain(
      'realm of the challenge is "api", not "shop"',
    );
    expect(await message(t.expectDenied(create(), { challenge: false }))).toContain('there is a challenge');
  });

  test('a fault is told with what was logged, which is silent otherwise', async () => {
    const t = await start();
    const headers = await t.as('ann');
    const said = await message(t.expectDenied(t.fetch('/books/broken', { headers })));
    expect(said).toContain(
      'GET /books/broken as user ann without scopes: expected a refusal, but it was refused with 500',
    );
    expect(said).toContain(
      'Logged meanwhile:\n  error: The guard of GET /books/broken failed: RangeError: the permission',
    );
    expect(t.log.lines).toHaveLength(1);
  });

  test('it reads refusals with another body: by the challenge, or by the status', async () => {
    const t = await start({ errorBody: 'drf' });
    const reader = await t.as('ann', 'books:read');
    await t.expectDenied(t.fetch('/books', { headers: reader, json: {} }), 'insufficient_scope');
    await t.expectDenied(t.fetch('/books'), { error: 'authentication_required', description: /credentials/ });
    const shop = await t.as({ client: 'shop' }, 'books:write');
    await t.expectDenied(t.fetch('/books/ann', { method: 'DELETE', headers: shop }), 'access_denied');
  });

  test('a code that there is none of is told with the nearest', async () => {
    const t = await start();
    await expect(t.expectDenied(t.fetch('/books'), 'insufficient_scopes' as never)).rejects.toThrow(
      'insufficient_scope',
    );
  });
});

describe('testOAuth2', () => {
  test('a body is sent as JSON, and only paths are fetched, so that no token leaves the test', async () => {
    const t = await start();
    const headers = { ...(await t.as('ann', 'books:write')), 'x-test': 'yes' };
    expect(await json(t.fetch('/books', { headers, json: { title: 'Emma' } }))).toEqual({ title: 'Emma' });
    expect(done).toContain('create');
    await expect(t.fetch('https://example.com/')).rejects.toThrow("give a path such as '/books'");
  });

  test('several at once share nothing', async () => {
    const [one, two] = await Promise.all([start(), start()]);
    const headers = await one.as('ann', 'books:read');
    expect((await one.fetch('/books', { headers })).status).toBe(200);
    await two.expectDenied(two.fetch('/books', { headers }), 'invalid_token');
    one.clock.advance({ days: 1 });
    expect((await two.fetch('/books', { headers: two.as('ann', 'books:read') })).status).toBe(200);
  });

  test('it serves with the options of createKoaServer, and whatever application a function makes', async () => {
    const t = await start({}, { controllers: [BookController], routePrefix: '/api' });
    expect((await t.fetch('/api/books/count')).status).toBe(200);
    const koa = new Koa();
    const own = await start({}, async (oauth2) => oauth2.useKoaServer(koa, { controllers: [BookController] }));
    expect(own.koa).toBe(koa);
    expect((await own.fetch('/books/count')).status).toBe(200);
  });

  test('an authorization server has the URL of the test as its issuer', async () => {
    const t = await start(({ url }) => ({
      scopes: SCOPES,
      authorizationServer: authorizationServer({ issuer: url, encryptionKeys: [randomBytes(32)] }),
    }));
    const { application, clientSecret } = await t.oauth2.applications.create({
      name: 'Shop',
      grantTypes: ['client_credentials'],
    });
    const issued = await t.fetch('/oauth2/token', {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${application.clientId}:${clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'books:read' }),
    });
    const { access_token: token } = (await issued.json()) as { readonly access_token: string };
    const headers = { authorization: `Bearer ${token}` };
    expect((await t.fetch('/books', { headers })).status).toBe(200);
    expect((await t.fetch('/books', { headers: t.as('ann', 'books:read') })).status).toBe(200);
  });

  test('what does not start leaves nothing open, and the clock is its own', async () => {
    await expect(testOAuth2({ realm: '' })).rejects.toThrow('realm');
    await expect(testOAuth2({ clock: Date } as never)).rejects.toThrow('t.clock');
    await expect(testOAuth2({}, () => Promise.reject(new Error('no application')))).rejects.toThrow('no application');
  });
});
