import { describe, expect, test } from '@jest/globals';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { authorization } from '../../support/authorization.js';
import type { AuthorizationServerTestOptions } from '../../support/authorization-server.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const HTTPS = { issuer: 'https://auth.example.com' };
const YEAR = 'max-age=31536000';

/** Every sort of answer: endpoints, pages, redirects, refusals, and what is for caches. */
const PATHS = [
  '/oauth2/token',
  '/oauth2/userinfo',
  '/oauth2/jwks',
  '/oauth2/authorize',
  '/oauth2/logout',
  '/oauth2/device',
  '/oauth2/sign-in',
  '/oauth2/applications',
  '/oauth2/interaction/nothing',
  '/oauth2/continue',
  '/.well-known/openid-configuration',
];

function useServer(given: AuthorizationServerTestOptions = {}) {
  const suite = useAuthorizationServer('SQLite + memory', {
    ...given,
    options: { ...HTTPS, ...given.options },
    mount: (koa) =>
      koa.use((context) => {
        context.body = 'the host';
      }),
  });
  const field = async (path: string, name = 'strict-transport-security', method = 'GET') =>
    (await suite.send(path, { method })).headers.get(name);
  return { suite, field };
}

describe('Strict-Transport-Security', () => {
  describe('where the issuer is https', () => {
    const { suite, field } = useServer();

    test.each(PATHS)('[RFC 6797 §7.1] %s: every answer tells it, whatever its status', async (path) => {
      for (const method of ['GET', 'POST', 'OPTIONS', 'DELETE'])
        expect(await field(path, undefined, method)).toBe(YEAR);
    });

    test('[RFC 6797 §7.1] redirects tell it, and what is the host’s does not', async () => {
      const client = await suite.server.register(FOR_USERS);
      const redirect = await suite.send(`/oauth2/authorize?${authorization(client).query}`);
      expect([redirect.status, redirect.headers.get('strict-transport-security')]).toEqual([303, YEAR]);
      for (const path of ['/', '/oauth2', '/oauth2/nothing']) {
        const answer = await suite.send(path);
        expect([answer.text, answer.headers.get('strict-transport-security')]).toEqual(['the host', null]);
      }
    });
  });

  describe('with other values', () => {
    const { field } = useServer({
      options: { strictTransportSecurity: { maxAgeSeconds: 300, includeSubDomains: true } },
    });
    test('[RFC 6797 §6.1] says them', async () => {
      expect(await field('/oauth2/sign-in')).toBe('max-age=300; includeSubDomains');
    });
  });

  describe('switched off', () => {
    const { field } = useServer({ options: { strictTransportSecurity: false } });
    test('[RFC 6797 §6.1] is not there', async () => {
      for (const path of PATHS) expect(await field(path)).toBeNull();
    });
  });

  describe('where the issuer is https on the loopback interface, for development', () => {
    const { field } = useServer({ options: { issuer: 'https://localhost:3000' } });
    test('[RFC 6797 §7.1] is not there: it would hold for every server of this machine', async () => {
      for (const path of PATHS) expect(await field(path)).toBeNull();
    });
  });

  describe('where the issuer is http', () => {
    const { field } = useServer({ options: { issuer: 'http://localhost:3000' } });
    test('[RFC 6797 §7.2] is not there', async () => {
      for (const path of PATHS) expect(await field(path)).toBeNull();
    });
  });

  describe('where the host has set one', () => {
    const { field } = useServer({
      before: (koa) =>
        koa.use(async (context, next) => {
          context.set('Strict-Transport-Security', 'max-age=63072000; preload');
          await next();
        }),
    });
    test('[RFC 6797 §7.1] that one stands', async () => {
      expect(await field('/oauth2/sign-in')).toBe('max-age=63072000; preload');
    });
  });

  test.each([
    [{ strictTransportSecurity: true }, 'authorizationServer.strictTransportSecurity'],
    [{ strictTransportSecurity: { maxAgeSeconds: -1 } }, 'authorizationServer.strictTransportSecurity.maxAgeSeconds'],
    [
      { strictTransportSecurity: { includeSubDomains: 1 } },
      'authorizationServer.strictTransportSecurity.includeSubDomains',
    ],
    [{ strictTransportSecurity: { preload: true } }, 'authorizationServer.strictTransportSecurity.preload'],
    [{ popups: 'yes' }, 'authorizationServer.popups'],
  ])('%j is refused, by name', (options, path) => {
    const all = { ...HTTPS, encryptionKeys: [Buffer.alloc(32)], ...options };
    expect(() => authorizationServer(all as never)).toThrow(path);
  });
});

describe('Cross-Origin-Opener-Policy', () => {
  const COOP = 'cross-origin-opener-policy';
  const ON_THE_WAY = ['/oauth2/authorize', '/oauth2/interaction/nothing', '/oauth2/continue', '/oauth2/logout'];
  const APART = ['/oauth2/sign-in', '/oauth2/applications', '/oauth2/authorized-applications', '/oauth2/device'];

  describe('by default', () => {
    const { field } = useServer({
      // As middleware for security commonly does.
      before: (koa) =>
        koa.use(async (context, next) => {
          context.set('Cross-Origin-Opener-Policy', 'same-origin');
          await next();
        }),
    });
    test('[HTML §7.1.3] cuts a popup of sign-in or sign-out off from nobody, whatever the host sets; other pages it does', async () => {
      for (const path of ON_THE_WAY) expect([path, await field(path, COOP)]).toEqual([path, 'unsafe-none']);
      for (const path of APART) expect([path, await field(path, COOP)]).toEqual([path, 'same-origin']);
    });
  });

  describe('with popups off', () => {
    const { field } = useServer({ options: { popups: false } });
    test('[HTML §7.1.3] is same-origin everywhere', async () => {
      for (const path of [...ON_THE_WAY, ...APART])
        expect([path, await field(path, COOP)]).toEqual([path, 'same-origin']);
    });
  });
});
