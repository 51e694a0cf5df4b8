import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { REDIRECT_URI } from '../../support/authorization.js';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { DEVICE_CODE, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const POSTS = ['token', 'introspect', 'revoke', 'device_authorization', 'par', 'register', 'device', 'userinfo'];
const PAGES = [
  'authorize',
  'device',
  'logout',
  'userinfo',
  'jwks',
  'sign-in',
  'applications',
  'authorized-applications',
];
const NAMES = [
  ...['grant_type', 'scope', 'client_id', 'client_secret', 'redirect_uri', 'code', 'code_verifier', 'refresh_token'],
  ...['device_code', 'user_code', 'token', 'token_type_hint', 'resource', 'response_type', 'response_mode', 'state'],
  ...['code_challenge', 'code_challenge_method', 'prompt', 'max_age', 'id_token_hint', 'login_hint', 'claims'],
  ...['request', 'request_uri', 'client_assertion', 'client_assertion_type', 'nonce', 'display', 'ui_locales'],
  ...['post_logout_redirect_uri', 'dpop_jkt', 'xsrf', 'confirm', 'abort', 'acr_values', 'authorization_details'],
  ...['__proto__', 'constructor', 'return_to', 'access_token', 'logout', 'csrf_token'],
];

describe.each(STACKS)('random input, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { dynamicRegistration: {} } });
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, grantTypes: [...FOR_USERS.grantTypes, 'client_credentials'] });
  });

  /** Values that mean something here, and values that mean nothing anywhere. */
  const value = fc.oneof(
    fc.constantFrom(
      ...[
        'client_credentials',
        'authorization_code',
        'refresh_token',
        DEVICE_CODE,
        'password',
        'code',
        'token',
        'none',
      ],
      ...[
        'read',
        'read write',
        'openid',
        'nope',
        'S256',
        'plain',
        'login',
        'consent',
        'query',
        'form_post',
        'fragment',
      ],
      ...[
        REDIRECT_URI,
        'https://evil.example/',
        '//evil.example',
        'javascript:alert(1)',
        'urn:x',
        'a.b.c',
        '-1',
        '1e999',
      ],
      ...[
        'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        'e30.e30.',
        '{}',
        '[]',
        '{"userinfo":null}',
        '\0',
        '',
      ],
    ),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ maxLength: 40 }),
    fc.integer().map(String),
    fc.json({ maxDepth: 2 }),
    fc.constantFrom('x'.repeat(8193), 'x'.repeat(3000), '%', '%zz', '%c0%80', '%ed%a0%80'),
  );
  const encoded = fc.oneof(
    { weight: 4, arbitrary: value.map((text) => encodeURIComponent(text)) },
    { weight: 1, arbitrary: fc.constantFrom('%', '%zz', '%ff', '%00', '%c0%80', '%ed%a0%80', '+', 'a=b', '&&', '[]') },
  );
  const field = fc.tuple(
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...NAMES) },
      { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
    ),
    fc.constantFrom('', '', '', '', '', '', '[]', '[a]', '%00'),
    encoded,
  );
  const form = fc
    .array(field, { maxLength: 8 })
    .map((fields) => fields.map(([key, suffix, text]) => `${encodeURIComponent(key)}${suffix}=${text}`).join('&'));
  const contentType = fc.oneof(
    { weight: 6, arbitrary: fc.constant('application/x-www-form-urlencoded') },
    { weight: 1, arbitrary: fc.constantFrom('application/json', 'text/plain', 'multipart/form-data', 'a/b; c', '') },
  );
  const credentials = fc.constantFrom('right', 'right', 'wrong', 'none', 'form', 'odd', 'bearer');

  function headersFor(kind: string): Record<string, string> {
    if (kind === 'right') return { authorization: basic(client) };
    if (kind === 'wrong') return { authorization: basic({ ...client, clientSecret: 'wrong' }) };
    if (kind === 'odd') return { authorization: 'Basic JTAwOiVmZg==', dpop: 'a.b.c' };
    return kind === 'bearer' ? { authorization: 'Bearer nonsense', 'x-forwarded-for': '\t, ,' } : {};
  }

  /** Everything a caller may see of a bad request: an answer that is not the server's failure, and leads nowhere new. */
  async function expectHarmless(what: string, response: Response): Promise<void> {
    const text = await response.text();
    if (response.status >= 500) throw new Error(`${response.status} for ${what}: ${text}`);
    const location = response.headers.get('location');
    if (location === null) return;
    const target = new URL(location, suite.url);
    const known = target.origin === suite.url || `${target.origin}${target.pathname}` === REDIRECT_URI;
    if (!known) throw new Error(`${what} leads to ${location}`);
  }

  test('[AS-40 §3.2] no body makes an endpoint for programs fail', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...POSTS), form, contentType, credentials, async (path, body, type, kind) => {
        const who = kind === 'form' ? `client_id=${client.clientId}&client_secret=${client.clientSecret}&` : '';
        const response = await fetch(`${suite.url}/oauth2/${path}`, {
          method: 'POST',
          redirect: 'manual',
          headers: { 'content-type': type, ...headersFor(kind) },
          body: `${who}${body}`,
        });
        await expectHarmless(`POST ${path} ${body}`, response);
      }),
      { numRuns: 250 },
    );
  });

  test('[AS-25 AS-40 §4.1.2.1] no query makes a page fail, or leads to an address that is not registered', async () => {
    const withClient = form.map((text) => `client_id=${client.clientId}&response_type=code&scope=read&${text}`);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PAGES, 'authorize'), fc.oneof(form, withClient), async (path, query) => {
        const response = await fetch(`${suite.url}/oauth2/${path}?${query}`, { redirect: 'manual' });
        await expectHarmless(`GET ${path}?${query}`, response);
      }),
      { numRuns: 250 },
    );
  });

  test('[RFC 7591 §3.2.2] no JSON makes the registration fail', async () => {
    const metadata = fc.dictionary(
      fc.constantFrom(
        'client_name',
        'redirect_uris',
        'grant_types',
        'response_types',
        'scope',
        'jwks',
        'jwks_uri',
        'contacts',
      ),
      fc.oneof(
        fc.jsonValue({ maxDepth: 2 }),
        fc.constantFrom(['code'], ['client_credentials'], [REDIRECT_URI], 'read'),
      ),
    );
    await fc.assert(
      fc.asyncProperty(metadata, async (body) => {
        const response = await fetch(`${suite.url}/oauth2/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        await expectHarmless(`register ${JSON.stringify(body)}`, response);
      }),
      { numRuns: 120 },
    );
    expect(suite.log.filter((message) => /failed at/.test(message))).toEqual([]);
  });
});
