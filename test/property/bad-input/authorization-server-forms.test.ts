import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc, { type Arbitrary } from 'fast-check';
import Koa from 'koa';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { InMemoryServer } from '../../support/bad-input/in-memory.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, Secrets } from '../../support/bad-input/secrecy.js';
import { fieldBytes, hostile, nearly } from '../../support/bad-input/texts.js';
import type { RawReply } from '../../support/spec/http.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/**
 * Each input is a request through oidc-provider and SQLite, or three of them, so each form gets this part of the inputs: 200 in
 * place of 10,000.
 */
const SHARE = 0.02;

const ISSUER = 'http://127.0.0.1:8080';
const REDIRECT_URI = 'https://app.example/callback';
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWBuGJSstw-cM';
const observed = new Observed();
const events: string[] = [];
let oauth2: OAuth2;
let server: InMemoryServer;
let secrets: Secrets;
const known = { client: '', secret: '', token: '', cookies: '' };

beforeAll(async () => {
  observed.start();
  oauth2 = createOAuth2({
    database: ':memory:',
    scopes: { read: 'Read', write: 'Write' },
    users: {
      findById: (id: string) => (id === 'alice' ? { id } : undefined),
      isActive: () => true,
      idOf: ({ id }) => id,
    },
    logger: observed.logger,
    throttling: { failedAuthentication: null },
    authorizationServer: authorizationServer({
      issuer: ISSUER,
      encryptionKeys: [randomBytes(32)],
      devicePollingSeconds: 0,
      dynamicRegistration: { scopes: ['read'] },
      isStaff: () => true,
      ownerScopes: ['read'],
      authenticate: (name, password) => (name === 'alice' && password === PASSWORD ? 'alice' : undefined),
      throttling: {
        ...{ token: null, authorize: null, device: null, introspection: null, signIn: null, signInByName: null },
        ...{ registration: null, userCodes: null, allUserCodes: null },
      },
    }),
  });
  await oauth2.migrate();
  const { application, clientSecret = '' } = await oauth2.applications.create({
    name: 'Shop',
    grantTypes: ['client_credentials', 'authorization_code', 'refresh_token', DEVICE_CODE],
    redirectUris: [REDIRECT_URI],
    mayIntrospect: true,
  });
  known.client = application.clientId;
  known.secret = clientSecret;
  known.token = (await oauth2.tokens.issue({ user: 'alice', application: known.client, scope: 'read' })).access_token;
  for (const name of ['client.refused', 'user.refused', 'token.issued', 'token.revoked', 'session.started'] as const) {
    oauth2.events.on(name, (event: object) => void events.push(inspect(event, { depth: 5 })));
  }
  const koa = new Koa();
  koa.silent = true;
  if (oauth2.authorizationServer !== undefined) koa.use(oauth2.authorizationServer.middleware());
  server = new InMemoryServer(koa.callback());
  known.cookies = await signedIn();
  const cookies = known.cookies.split('; ').map((cookie) => cookie.slice(cookie.indexOf('=') + 1));
  secrets = new Secrets([known.token.slice(4), known.secret, PASSWORD, ...cookies]);
});

afterAll(async () => {
  observed.stop();
  server.close();
  await oauth2.close();
});

const PASSWORD = randomBytes(12).toString('base64url');
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

const cookiesOf = (reply: RawReply) => reply.fields('set-cookie').map((line) => line.split(';', 1)[0] as string);
const csrfOf = ({ text }: RawReply) => /name="csrf_token" value="([^"]*)"/.exec(text)?.[1] ?? '';

/** Signs alice in; answers her cookies. */
async function signedIn(): Promise<string> {
  const page = await server.send({ requestLine: 'GET /oauth2/sign-in' });
  const form = new URLSearchParams({ username: 'alice', password: PASSWORD, csrf_token: csrfOf(page) });
  const done = await server.form('/oauth2/sign-in', `${form}`, [
    `Cookie: ${cookiesOf(page).join('; ')}`,
    `Origin: ${ISSUER}`,
  ]);
  if (done.status !== 303) throw new Error(`Not signed in: ${done.status} ${done.text}`);
  return [...new Map([...cookiesOf(page), ...cookiesOf(done)].map((one) => [one.split('=', 1)[0], one])).values()].join(
    '; ',
  );
}

/** The parameters of a form: good ones, of which some are changed, repeated or left out, and some that nobody knows. */
function parameters(good: Readonly<Record<string, string | (() => string)>>): Arbitrary<string> {
  const names = Object.keys(good);
  const value = (name: string) => {
    const one = good[name];
    return fc.constant(null).map(() => (typeof one === 'function' ? one() : (one ?? '')));
  };
  const list = names.map((name) =>
    fc.oneof(
      { weight: 20, arbitrary: value(name).map((text) => [[name, text]]) },
      { weight: 2, arbitrary: nearly(value(name)).map((text) => [[name, text]]) },
      { weight: 1, arbitrary: hostile.map((text) => [[name, text]]) },
      { weight: 1, arbitrary: fc.tuple(value(name), hostile).map((both) => both.map((text) => [name, text])) },
      { weight: 1, arbitrary: hostile.map((text) => [[`${name}[${text.slice(0, 20)}]`, text]]) },
      { weight: 1, arbitrary: fc.constant<string[][]>([]) },
    ),
  );
  const unknown = fc.oneof(
    { weight: 4, arbitrary: fc.constant<string[][]>([]) },
    { weight: 1, arbitrary: fc.tuple(hostile, hostile).map((pair) => [pair as string[]]) },
  );
  const encoded = fc
    .tuple(fc.tuple(...list), unknown)
    .map(([some, more]) =>
      [...some.flat(), ...more].map(([name = '', text = '']) => `${escaped(name)}=${escaped(text)}`).join('&'),
    );
  // Now and then the encoding itself is damaged.
  return fc.oneof({ weight: 5, arbitrary: encoded }, { weight: 1, arbitrary: nearly(encoded) });
}

function escaped(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

const REQUEST = {
  response_type: 'code',
  client_id: () => known.client,
  redirect_uri: REDIRECT_URI,
  scope: 'read',
  state: 'a state',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};

const EXTRA = {
  prompt: 'login',
  max_age: '5',
  resource: 'https://api.example',
  claims: '{"id_token":{}}',
  nonce: 'n',
  request: 'e30.e30.',
  request_uri: 'urn:ietf:params:oauth:request_uri:x',
  ui_locales: 'de',
  login_hint: 'alice',
  response_mode: 'query',
  display: 'page',
  id_token_hint: 'e30.e30.e30',
  acr_values: '0',
  dpop_jkt: CHALLENGE,
};

/** How a caller says which application it is. */
const clientOf = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null).map(() => basic(known.client, known.secret)) },
  { weight: 1, arbitrary: nearly(fc.constant(null).map(() => basic(known.client, known.secret))).map(fieldBytes) },
  { weight: 1, arbitrary: fc.tuple(hostile, hostile).map(([name, secret]) => basic(name, secret)) },
  { weight: 1, arbitrary: fc.constant('') },
);

function basic(name: string, secret: string): string {
  return `Authorization: Basic ${Buffer.from(`${escaped(name)}:${escaped(secret)}`).toString('base64')}`;
}

type Send = (given: string, field: string) => Promise<RawReply>;
type Form = readonly [name: string, given: Arbitrary<string>, fields: Arbitrary<string>, send: Send];

const titled = (method: string, path: string, good: object) => `${method} ${path} (${Object.keys(good).join(', ')})`;

const asApplication = (path: string, good: Parameters<typeof parameters>[0]): Form => [
  titled('POST', path, good),
  parameters(good),
  clientOf,
  (given, field) => server.form(path, given, field === '' ? [] : [field]),
];
/** In the browser of alice, or in one with other cookies. */
const cookieOf = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null).map(() => known.cookies) },
  { weight: 2, arbitrary: nearly(fc.constant(null).map(() => known.cookies)).map(fieldBytes) },
  { weight: 1, arbitrary: hostile.map(fieldBytes) },
);
/** A form of a page at another path, whose token stands in place of this text. */
const CSRF = 'csrf-token-of-the-page';
const asBrowser = (path: string, good: Parameters<typeof parameters>[0], page = path): Form => [
  titled('POST', path, good),
  parameters({ csrf_token: CSRF, ...good }),
  cookieOf,
  async (given, cookie) => {
    if (!csrf.has(page)) {
      csrf.set(page, csrfOf(await server.send({ requestLine: `GET ${page}`, fields: [`Cookie: ${known.cookies}`] })));
    }
    return server.form(path, given.replaceAll(CSRF, csrf.get(page) ?? ''), [`Cookie: ${cookie}`, `Origin: ${ISSUER}`]);
  },
];
const csrf = new Map<string, string>();
/** A form on the way to an application, which is another one each time. */
const onTheWay = (name: string, good: Parameters<typeof parameters>[0], cookies: () => string): Form => [
  titled('POST', name, good),
  parameters({ csrf_token: CSRF, ...good }),
  fc.constant(''),
  async (given) => {
    const jar = new Map<string, string>();
    const keep = (list: readonly string[]) => list.forEach((one) => void jar.set(one.split('=', 1)[0] as string, one));
    const fields = () => [`Cookie: ${[...jar.values()].join('; ')}`, `Origin: ${ISSUER}`];
    keep(cookies().split('; '));
    const query = new URLSearchParams({ ...REQUEST, client_id: known.client, prompt: 'consent' });
    const begun = await server.send({ requestLine: `GET /oauth2/authorize?${query}`, fields: fields() });
    keep(cookiesOf(begun));
    const path = begun.fields('location').join().replace(ISSUER, '');
    const page = await server.send({ requestLine: `GET ${path}`, fields: fields() });
    keep(cookiesOf(page));
    const token = csrfOf(page);
    if (token === '') throw new Error(`No form at ${path}: ${page.status} ${page.text}`);
    return server.form(path, given.replaceAll(CSRF, token), fields());
  },
];
const byQuery = (path: string, good: Parameters<typeof parameters>[0]): Form => [
  titled('GET', path, good),
  parameters(good),
  cookieOf,
  (given, cookie) =>
    server.send({
      requestLine: `GET ${path}?${fieldBytes(given).replace(/[\0-\x20\x7f-\xff]/g, '+')}`,
      fields: [`Cookie: ${cookie}`],
    }),
];

const REGISTRATION = fc.oneof(
  fc
    .dictionary(
      fc.constantFrom(
        'redirect_uris',
        'client_name',
        'grant_types',
        'scope',
        'jwks',
        'jwks_uri',
        'token_endpoint_auth_method',
        '__proto__',
        'response_types',
        'application_type',
        'logo_uri',
        'contacts',
        'default_max_age',
        'client_id',
      ),
      fc.oneof(
        hostile,
        fc.jsonValue({ maxDepth: 2 }),
        fc.array(hostile, { maxLength: 3 }),
        fc.constantFrom<unknown>([REDIRECT_URI], ['authorization_code'], 'read', 'none'),
      ),
      { maxKeys: 6 },
    )
    .map((changed) => JSON.stringify({ redirect_uris: [REDIRECT_URI], ...changed })),
  nearly(fc.constant(JSON.stringify({ redirect_uris: [REDIRECT_URI], client_name: 'Shop', scope: 'read' }))),
);

const FORMS: readonly Form[] = [
  asApplication('/oauth2/token', { grant_type: 'client_credentials', scope: 'read', resource: 'https://api.example' }),
  asApplication('/oauth2/token', {
    grant_type: 'authorization_code',
    code: 'c'.repeat(43),
    code_verifier: 'v'.repeat(43),
    redirect_uri: REDIRECT_URI,
    client_id: () => known.client,
  }),
  asApplication('/oauth2/token', {
    grant_type: 'refresh_token',
    refresh_token: () => known.token,
    scope: 'read',
    client_secret: () => known.secret,
  }),
  asApplication('/oauth2/token', {
    grant_type: DEVICE_CODE,
    device_code: 'd'.repeat(43),
    client_assertion: 'e30.e30.e30',
    client_assertion_type: 'x',
  }),
  asApplication('/oauth2/par', { ...REQUEST, ...EXTRA }),
  asApplication('/oauth2/introspect', { token: () => known.token, token_type_hint: 'access_token' }),
  asApplication('/oauth2/revoke', { token: 't'.repeat(43), token_type_hint: 'refresh_token' }),
  asApplication('/oauth2/device_authorization', {
    client_id: () => known.client,
    scope: 'read',
    resource: 'https://api.example',
  }),
  [
    'POST /oauth2/register',
    REGISTRATION,
    fc.constant('Content-Type: application/json'),
    (given, field) => {
      const body = Buffer.from(given).toString('latin1');
      return server.send({
        requestLine: 'POST /oauth2/register',
        fields: [field, `Content-Length: ${body.length}`],
        body,
      });
    },
  ],
  byQuery('/oauth2/authorize', REQUEST),
  byQuery('/oauth2/authorize', { ...REQUEST, ...EXTRA }),
  asBrowser('/oauth2/authorize', REQUEST),
  byQuery('/oauth2/device', { user_code: 'BCDF-GHJK' }),
  asBrowser('/oauth2/device', { user_code: 'BCDF-GHJK', xsrf: 'x', confirm: 'yes' }),
  byQuery('/oauth2/logout', {
    id_token_hint: 'e30.e30.e30',
    client_id: () => known.client,
    post_logout_redirect_uri: REDIRECT_URI,
    state: 's',
  }),
  asBrowser('/oauth2/logout/confirm', { xsrf: 'x', logout: 'yes' }, '/oauth2/logout'),
  byQuery('/oauth2/sign-in', { return_to: '/oauth2/applications' }),
  onTheWay('login', { username: 'alice', password: 'wrong' }, () => 'none=1'),
  onTheWay('consent', { decision: 'deny' }, () => known.cookies),
  asBrowser('/oauth2/sign-in', { username: 'alice', password: 'wrong', return_to: '/oauth2/applications' }),
  asBrowser('/oauth2/sign-out', { logout: 'no' }),
  byQuery('/oauth2/applications', { page: '1', after: '5', q: 'Shop', before: '1' }),
  asBrowser('/oauth2/applications/new', {
    name: 'Shop',
    redirect_uris: REDIRECT_URI,
    client_type: 'public',
    scope: 'read',
    grant_type: 'authorization_code',
    user_id: 'alice',
  }),
  byQuery('/oauth2/staff/tokens', { user: 'alice', client: () => known.client, page: '1', after: '1' }),
  asBrowser('/oauth2/authorized-applications/x/withdraw', {}),
  asBrowser('/oauth2/sessions/end-all', { confirm: 'yes' }),
];

test.each(FORMS)('[AS-40] %s: no input fails, or says a secret', async (_name, given, fields, send) => {
  await forInputsAsync(
    fc.asyncProperty(given, fields, async (text, field) => {
      const reply = await send(text, field);
      if (!(reply.status >= 200 && reply.status < 500)) throw new Error(`${reply.status}: ${reply.text}`);
      const location = reply.fields('location').join();
      // Nothing but the registered address, or a page of ours, is where anybody is sent.
      if (location !== '' && !location.startsWith(`${REDIRECT_URI}?`) && !isOurs(location)) throw new Error(location);
      secrets.expectNone(reply.text + location, 'the answer');
      secrets.expectNone(observed.take() + events.splice(0).join(), 'a log line or an event');
      if (/failed at|internal/i.test(reply.text)) throw new Error(reply.text);
    }),
    SHARE,
  );
  expect(observed.uncaught).toEqual([]);
});

const isOurs = (location: string) => /^\/(?![/\\])/.test(location) || location.startsWith(`${ISSUER}/`);
