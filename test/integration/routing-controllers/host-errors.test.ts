import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { useKoaServer } from 'routing-controllers';
import { bearer, type OAuth2 } from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';
import { hostErrorHandling, Json, Keys, seen, Text } from './host-errors-application.js';

const MODES = [
  ['default', 'in the default error handler'],
  ['off', 'with that handler off, uncaught'],
  ['host', 'with that handler off, by error handling of the host'],
] satisfies [string, string][];

describe.each(['our entry', 'checkers'])('errors that a part of the host throws in the guard, in %s', (entry) => {
  let oauth2: OAuth2;
  const log: string[] = [];
  const told: Error[] = [];
  const served = new Map<string, Served>();
  let good: Record<string, string>;

  beforeAll(async () => {
    const write = (message: string) => void log.push(message);
    let ticks = 0;
    const test = await testOAuth2({
      authenticators: [new Keys(), bearer()],
      logger: { info: write, warn: write, error: write },
      // Each fault is logged at most once in a second: here a second passes between any two questions.
      clock: { nowMilliseconds: () => Date.now(), monotonicMilliseconds: () => ++ticks * 1001 },
    });
    oauth2 = test.oauth2;
    good = bearerHeader(await test.issue('a', 'alice'));
    for (const [mode] of MODES) {
      const koa = new Koa();
      koa.silent = true;
      koa.on('error', (error: Error) => told.push(error));
      if (mode === 'host') koa.use(hostErrorHandling);
      const options = {
        controllers: [Json, Text],
        defaultErrorHandler: mode === 'default',
        development: false,
      };
      if (entry === 'our entry') oauth2.useKoaServer(koa, options);
      else useKoaServer(koa, { ...options, ...oauth2.routingControllers() });
      served.set(mode, await serve(koa));
    }
  });
  beforeEach(() => {
    log.length = 0;
    told.length = 0;
    seen.length = 0;
  });
  afterAll(async () => {
    for (const one of served.values()) await one.close();
    await oauth2.close();
  });

  async function ask(mode: string, path: string, headers: Record<string, string> = good) {
    const reply = await (served.get(mode) as Served).get(`/host-errors${path}`, { headers });
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  }

  describe.each(MODES)('%s: %s', (mode, _where) => {
    const hasBody = mode !== 'host';

    test.each([
      ['/402', 402, { message: 'Pay first.' }],
      ['/402-later', 402, { message: 'Pay first.' }],
      ['/404', 404, { name: 'NotFoundError', message: 'There is no such book.' }],
      ['/451', 451, { name: 'Legal', message: 'Not in your country.' }],
      ['/koa', 409, { name: 'ConflictError', message: 'Busy.', book: 7 }],
      ['/koa-later', 409, { name: 'ConflictError', message: 'Busy.' }],
      ['/scopes', 404, { message: 'There are no scopes.' }],
      ['/401', 401, { message: 'Sign in again.' }],
      ['/object-404', 404, { message: 'There is no such book.' }],
      ['/object-koa', 409, { message: 'Busy.' }],
      ['/throttle-subject', 404, { message: 'There is no such book.' }],
      ['/throttle-rate', 409, { message: 'Busy.' }],
      ['/throttle-cost', 402, { message: 'Pay first.' }],
      ['/all', 404, { message: 'There is no such book.' }],
      ['/not', 404, { message: 'There is no such book.' }],
      ['/any-first', 404, { message: 'There is no such book.' }],
      ['/any-object', 404, { message: 'There is no such book.' }],
    ] as const)('%s is answered as %i', async (path, status, body) => {
      const reply = await ask(mode, path);
      expect([reply.status, reply.headers.get('cache-control')]).toEqual([status, 'no-store']);
      if (hasBody && (mode === 'default' || !('book' in body))) expect(JSON.parse(reply.text)).toMatchObject(body);
      if (!hasBody) expect([JSON.parse(reply.text), seen.length]).toEqual([{ byHost: seen[0]?.name }, 1]);
      if (!hasBody) expect(seen[0]).toMatchObject({ message: body.message, status });
      // As Koa does with errors of an application; what is caught never comes to it.
      expect(told).toHaveLength(mode === 'off' ? 1 : 0);
      expect(log).toEqual([]);
    });

    test('header fields of theirs are kept, and a 401 has a challenge', async () => {
      const legal = (await ask(mode, '/451')).headers;
      expect([legal.get('link'), legal.get('x-reasons')]).toEqual(['<https://legal.example>; rel="blocked-by"', 'one']);
      expect((await ask(mode, '/koa')).headers.get('x-busy')).toBe('yes');
      expect((await ask(mode, '/object-koa')).headers.get('x-busy')).toBe('yes');
      expect((await ask(mode, '/401')).headers.get('www-authenticate')).toBe('Bearer realm="api"');
    });

    test.each(['/fault', '/fault-later', '/fine', '/foreign-status', '/object-fault', '/any-fault'])(
      'anything else is 500, is logged, and refuses: %s',
      async (path) => {
        const reply = await ask(mode, path);
        expect(reply.status).toBe(500);
        expect(reply.text).not.toMatch(/leaked|SELECT|billing/);
        expect(log).toHaveLength(1);
        expect(log[0]).toMatch(/^The guard of GET .* failed: .*(SELECT|This is fine|billing service)/);
      },
    );

    test('a 5xx is answered as what it is, and logged; what http-errors do not expose stays inside', async () => {
      const internal = await ask(mode, '/500');
      expect([internal.status, log.length]).toEqual([500, 1]);
      if (hasBody) expect(internal.text).toContain('The ledger is closed.');
      const secretly = await ask(mode, '/secret');
      expect([secretly.status, log.length]).toEqual([500, 2]);
      expect(secretly.text).not.toContain('SELECT');
    });

    test('an authenticator of the host', async () => {
      for (const [key, status] of [
        ['unpaid', 402],
        ['broken', 418],
      ] as const) {
        expect((await ask(mode, '/404', { 'x-key': key })).status).toBe(status);
        // A public action that asks for nobody does not know; bad credentials make an anonymous caller there.
        expect((await ask(mode, '/throttle-cost', { 'x-key': key })).status).toBe(402);
      }
    });

    test('one that a composition asks first is a no: the others may still allow, in whatever order', async () => {
      for (const path of ['/any-yes-behind', '/any-yes-behind-later', '/any-oauth-error']) {
        const reply = await ask(mode, path);
        expect([reply.status, reply.text]).toEqual([200, '{"ok":true}']);
      }
      expect((await ask(mode, '/all-after-no')).status).toBe(403);
    });

    test('an action may catch it', async () => {
      const reply = await ask(mode, '/object-caught');
      expect([reply.status, reply.text]).toEqual([200, '{"caught":"There is no such book."}']);
      expect([told, seen]).toEqual([[], []]);
    });
  });

  test('a controller of text answers in text, as for an error of an action', async () => {
    const reply = await ask('default', '-text/404');
    expect([reply.status, reply.text, reply.headers.get('content-type')]).toEqual([
      404,
      'There is no such book.',
      'text/plain; charset=utf-8',
    ]);
  });
});
