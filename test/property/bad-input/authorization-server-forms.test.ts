import { createHash, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc, { type Arbitrary } from 'fast-check';
import Koa from 'koa';
import { listEndpoints } from '../../../src/authorization-server/http/endpoints.js';
import { readOptions } from '../../../src/authorization-server/options/authorization-server-options.js';
import { PageRouter } from '../../../src/authorization-server/pages/page-router.js';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { Browser, hiddenOf, locationOf } from '../../support/bad-input/browser.js';
import { basic, escaped, type Good, parameters, unchanged } from '../../support/bad-input/form-parameters.js';
import { InMemoryServer } from '../../support/bad-input/in-memory.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, Secrets } from '../../support/bad-input/secrecy.js';
import { fieldBytes, hostile, nearly } from '../../support/bad-input/texts.js';
import type { RawReply } from '../../support/spec/http.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/**
 * Each input is a request through oidc-provider and SQLite, or three of them, so each form gets this part of the inputs: 100 in
 * place of 10,000.
 */
const SHARE = 0.01;
/** The part of a form for which somebody signs in first, which is five to fifteen requests: 25. */
const SLOW_SHARE = SHARE / 4;

const ISSUER = 'http://127.0.0.1:8080';
const REDIRECT_URI = 'https://app.example/callback';
const VERIFIER = randomBytes(32).toString('base64url');
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const observed = new Observed();
const events: string[] = [];
let oauth2: OAuth2;
let server: InMemoryServer;
let secrets: Secrets;
const known = {
  client: '',
  secret: '',
  token: '',
  identity: '',
  cookies: '',
  onward: '',
  owned: '',
  consented: '',
  tokenId: '',
};
/** The pages that the authorization server has. */
let pages: readonly { readonly path: string; readonly get?: unknown; readonly post?: unknown }[];

beforeAll(async () => {
  observed.start();
  oauth2 = createOAuth2({
    database: ':memory:',
    scopes: { read: 'Read', write: 'Write' },
    users: {
      findById: (id: string) => (PEOPLE.includes(id) ? { id } : undefined),
      isActive: () => true,
      idOf: ({ id }) => id,
    },
    logger: observed.logger,
    throttling: { failedAuthentication: null },
    authorizationServer: authorizationServer(OPTIONS),
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
  known.owned = await registered({ userId: 'alice' });
  known.consented = await registered({});
  known.token = (await oauth2.tokens.issue({ user: 'alice', application: known.client, scope: 'read' })).access_token;
  for (const name of ['client.refused', 'user.refused', 'token.issued', 'token.revoked', 'session.started'] as const) {
    oauth2.events.on(name, (event: object) => void events.push(inspect(event, { depth: 5 })));
  }
  const koa = new Koa();
  koa.silent = true;
  if (oauth2.authorizationServer !== undefined) koa.use(oauth2.authorizationServer.middleware());
  server = new InMemoryServer(koa.callback());
  const has = jest.spyOn(PageRouter.prototype, 'has');
  const browser = await signedIn('alice');
  known.cookies = browser.cookies;
  known.onward = browser.location;
  pages = (has.mock.contexts[0] as unknown as { readonly routes: typeof pages }).routes;
  has.mockRestore();
  known.identity = (await exchanged('openid read')).access_token ?? '';
  const tokens = await visit(`/oauth2/staff/tokens?client_id=${known.client}`);
  known.tokenId = /tokens\/access\/(\d+)\/revoke/.exec(tokens.text)?.[1] ?? '';
  const cookies = known.cookies.split('; ').map((cookie) => cookie.slice(cookie.indexOf('=') + 1));
  secrets = new Secrets([known.token.slice(4), known.identity.slice(4), known.secret, PASSWORD, ...cookies]);
});

afterAll(async () => {
  observed.stop();
  server.close();
  await oauth2.close();
});

const PASSWORD = randomBytes(12).toString('base64url');
const PEOPLE = ['alice', 'bob'];
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

const OPTIONS = {
  issuer: ISSUER,
  encryptionKeys: [randomBytes(32)],
  devicePollingSeconds: 0,
  dynamicRegistration: { scopes: ['read'] },
  isStaff: () => true,
  ownerScopes: ['read'],
  authenticate: (name: string, password: string) => (PEOPLE.includes(name) && password === PASSWORD ? name : undefined),
  throttling: {
    ...{ token: null, authorize: null, device: null, introspection: null, signIn: null, signInByName: null },
    ...{ registration: null, userCodes: null, allUserCodes: null },
  },
};

const newBrowser = (cookies = '') => new Browser(server, ISSUER, cookies);
const visit = (address: string) => newBrowser(known.cookies).visit(address);

/** Signs somebody in, in a new browser. */
async function signedIn(username: string): Promise<Browser> {
  const browser = newBrowser();
  const page = await browser.visit('/oauth2/sign-in');
  const done = await browser.post('/oauth2/sign-in', { ...hiddenOf(page), username, password: PASSWORD });
  if (done.status !== 303) throw new Error(`Not signed in: ${done.status} ${done.text}`);
  return browser;
}

/** The id of a session that was begun for this. */
async function freshSession(userId: string): Promise<string> {
  const ids = async () => (await oauth2.sessions.listFor(userId, { limit: 100 })).map(({ id }) => id);
  const had = new Set(await ids());
  await signedIn(userId);
  const fresh = (await ids()).find((id) => !had.has(id));
  if (fresh === undefined) throw new Error('No session was begun.');
  return fresh;
}

async function registered(more: object): Promise<string> {
  const { application } = await oauth2.applications.create({
    name: 'Books',
    grantTypes: ['authorization_code', 'refresh_token'],
    redirectUris: [REDIRECT_URI],
    ...more,
  });
  return application.clientId;
}

/** Begins an authorization request; answers the page that it leads to, and where that is. */
async function begun(browser: Browser, more: Readonly<Record<string, string>> = {}) {
  const query = new URLSearchParams({ ...REQUEST, client_id: known.client, prompt: 'consent', ...more });
  const path = locationOf(await browser.visit(`/oauth2/authorize?${query}`)).replace(ISSUER, '');
  const page = await browser.visit(path);
  if (hiddenOf(page).csrf_token === undefined) throw new Error(`No form at ${path}: ${page.status} ${page.text}`);
  return { path, page };
}

/** Alice lets an application have scopes, in a session of its own, since it gets another name by that; answers the code. */
async function codeFor(scope = 'read', client = known.client): Promise<string> {
  const browser = await signedIn('alice');
  const { path, page } = await begun(browser, { scope, client_id: client });
  let reply = await browser.post(path, { ...hiddenOf(page), decision: 'allow' });
  for (let steps = 0; steps < 5 && !/[?&;]code=/.test(locationOf(reply) + reply.text); steps += 1) {
    reply = await browser.visit(locationOf(reply));
  }
  const [, code = ''] = /[?&;]code=([\w-]+)/.exec(locationOf(reply) + reply.text) ?? [];
  if (code === '') throw new Error(`No code: ${reply.status} ${reply.text}`);
  return code;
}

async function exchanged(scope: string): Promise<Readonly<Record<string, string>>> {
  const form = new URLSearchParams({
    ...{ grant_type: 'authorization_code', redirect_uri: REDIRECT_URI, code_verifier: VERIFIER },
    code: await codeFor(scope),
  });
  const reply = await server.form('/oauth2/token', `${form}`, [basic(known.client, known.secret)]);
  if (reply.status !== 200) throw new Error(`No token: ${reply.text}`);
  return JSON.parse(reply.text);
}

async function deviceCodes(): Promise<Readonly<Record<string, string>>> {
  const form = new URLSearchParams({ client_id: known.client, scope: 'read' });
  return JSON.parse(
    (await server.form('/oauth2/device_authorization', `${form}`, [basic(known.client, known.secret)])).text,
  );
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

/** Where a form is sent this time, with what, and what stands in place of each `MADE` in it. */
interface Sending {
  readonly path: string;
  readonly fields?: readonly string[];
  readonly made?: Readonly<Record<string, string | undefined>>;
}

interface Form {
  /** As the authorization server names it. */
  readonly route: string;
  readonly title: string;
  readonly given: Arbitrary<string>;
  readonly fields: Arbitrary<string>;
  readonly send: (given: string, field: string) => Promise<RawReply>;
  readonly share?: number;
  /** What is sent if nothing is wrong, and what the answer then is; without it other forms of its route say so. */
  readonly good?: { readonly given: () => string; readonly field: () => string; readonly answer: number | RegExp };
}

const MADE = {
  csrf: 'csrf-token-that-was-made',
  xsrf: 'xsrf-token-that-was-made',
  code: 'code-that-was-made',
  refreshToken: 'refresh-token-that-was-made',
  deviceCode: 'device-code-that-was-made',
  userCode: 'user-code-that-was-made',
} as const;

/** A status, what the text has, or that it is no good input. */
type Answer = number | RegExp | null;

/** A form that is sent with something that is made for it, and with a field that may be damaged. */
function posted(
  route: string,
  good: Good,
  answer: Answer,
  field: { readonly any: Arbitrary<string>; readonly good: () => string },
  sending: () => Promise<Sending>,
): Form {
  return {
    route: `POST ${route}`,
    title: `POST ${route} (${Object.keys(good).join(', ')})`,
    given: parameters(good),
    fields: field.any,
    async send(given, one) {
      const { path, fields = [], made = {} } = await sending();
      const text = Object.entries(made).reduce(
        (before, [name, value]) => before.replaceAll(MADE[name as keyof typeof MADE], escaped(value ?? '')),
        given,
      );
      return server.form(path, text, [...(one === '' ? [] : [one]), ...fields]);
    },
    ...(answer !== null && { good: { given: () => unchanged(good), field: field.good, answer } }),
  };
}

/** With something that takes many requests to be made. */
const slow = (form: Form): Form => ({ ...form, share: SLOW_SHARE });

/** From an application. */
const asApplication = (route: string, good: Good, answer: Answer, made?: () => Promise<Sending['made']>): Form =>
  posted(route, good, answer, { any: clientOf, good: () => basic(known.client, known.secret) }, async () => ({
    path: route,
    made: await made?.(),
  }));

/** From the browser of alice, or from one with other cookies. */
const cookieOf = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null).map(() => known.cookies) },
  { weight: 2, arbitrary: nearly(fc.constant(null).map(() => known.cookies)).map(fieldBytes) },
  { weight: 1, arbitrary: hostile.map(fieldBytes) },
);
const COOKIE = { any: cookieOf.map((cookie) => `Cookie: ${cookie}`), good: () => `Cookie: ${known.cookies}` };
/** The hidden fields of pages that stay as they are. */
const hidden = new Map<string, Readonly<Record<string, string>>>();

/** @param at where the form is, if its route has parameters; by `fresh` it is another one each time */
const asBrowser = (
  route: string,
  good: Good,
  {
    answer = 303,
    page,
    at,
    fresh,
  }: { answer?: number; page?: string; at?: () => string; fresh?: () => Promise<string> } = {},
): Form =>
  posted(route, { csrf_token: MADE.csrf, ...good }, answer, COOKIE, async () => {
    const path = (await fresh?.()) ?? at?.() ?? route;
    let fields = fresh === undefined ? hidden.get(path) : undefined;
    if (fields === undefined) {
      fields = hiddenOf(await visit(page ?? path));
      hidden.set(path, fields);
    }
    return { path, fields: [`Origin: ${ISSUER}`], made: { csrf: fields.csrf_token, xsrf: fields.xsrf } };
  });

const NO_FIELD = { any: fc.constant(''), good: () => '' };

/** A form on the way to an application, which is another one each time. */
const onTheWay = (name: string, good: Good, begin: () => Browser | Promise<Browser>): Form => {
  const form = posted('/oauth2/interaction/:uid', { csrf_token: MADE.csrf, ...good }, 303, NO_FIELD, async () => {
    const browser = await begin();
    const { path, page } = await begun(browser);
    return { path, fields: browser.fields, made: { csrf: hiddenOf(page).csrf_token } };
  });
  return slow({ ...form, title: `${form.title}: ${name}` });
};

const byQuery = (path: string, good: Good, answer: Answer = 200): Form => ({
  route: `GET ${path}`,
  title: `GET ${path} (${Object.keys(good).join(', ')})`,
  given: parameters(good),
  fields: COOKIE.any,
  send: (given, field) =>
    server.send({
      requestLine: `GET ${path}?${fieldBytes(given).replace(/[\0-\x20\x7f-\xff]/g, '+')}`,
      fields: [field],
    }),
  ...(answer !== null && { good: { given: () => unchanged(good), field: COOKIE.good, answer } }),
});

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

const onward = (name: string) => new URLSearchParams(known.onward.replace(/.*\?/, '')).get(name) ?? '';
const APPLICATION = { name: 'Shop', redirect_uris: REDIRECT_URI, scope: 'read', grant_type: 'authorization_code' };
const LIFETIMES = { accessTokenLifetimeSeconds: '60', refreshTokenIdleSeconds: '', idTokenLifetimeSeconds: '60' };

const FORMS: readonly Form[] = [
  asApplication('/oauth2/token', { grant_type: 'client_credentials', scope: 'read' }, 200),
  asApplication(
    '/oauth2/token',
    { grant_type: 'client_credentials', scope: 'read', resource: 'https://api.example' },
    null,
  ),
  slow(
    asApplication(
      '/oauth2/token',
      { grant_type: 'authorization_code', code: MADE.code, code_verifier: VERIFIER, redirect_uri: REDIRECT_URI },
      200,
      async () => ({ code: await codeFor() }),
    ),
  ),
  slow(
    asApplication(
      '/oauth2/token',
      { grant_type: 'refresh_token', refresh_token: MADE.refreshToken, scope: 'read' },
      200,
      async () => ({ refreshToken: (await exchanged('read')).refresh_token }),
    ),
  ),
  asApplication(
    '/oauth2/token',
    { grant_type: DEVICE_CODE, device_code: MADE.deviceCode },
    /authorization_pending/,
    async () => ({
      deviceCode: (await deviceCodes()).device_code,
    }),
  ),
  asApplication(
    '/oauth2/token',
    {
      grant_type: DEVICE_CODE,
      device_code: 'd'.repeat(43),
      client_assertion: 'e30.e30.e30',
      client_assertion_type: 'x',
    },
    null,
  ),
  asApplication('/oauth2/par', REQUEST, 201),
  asApplication('/oauth2/par', { ...REQUEST, ...EXTRA }, null),
  asApplication('/oauth2/introspect', { token: () => known.token, token_type_hint: 'access_token' }, /"active":true/),
  asApplication('/oauth2/revoke', { token: 't'.repeat(43), token_type_hint: 'refresh_token' }, 200),
  asApplication('/oauth2/device_authorization', { client_id: () => known.client, scope: 'read' }, 200),
  asApplication(
    '/oauth2/device_authorization',
    { client_id: () => known.client, scope: 'read', resource: 'https://api.example' },
    null,
  ),
  {
    route: 'POST /oauth2/register',
    title: 'POST /oauth2/register',
    given: REGISTRATION,
    fields: fc.constant('Content-Type: application/json'),
    send: (given, field) => {
      const body = Buffer.from(given).toString('latin1');
      return server.send({
        requestLine: 'POST /oauth2/register',
        fields: [field, `Content-Length: ${body.length}`],
        body,
      });
    },
    good: {
      given: () => JSON.stringify({ redirect_uris: [REDIRECT_URI], client_name: 'Shop', scope: 'read' }),
      field: () => 'Content-Type: application/json',
      answer: 201,
    },
  },
  posted('/oauth2/userinfo', { access_token: () => known.identity }, /"sub":"alice"/, NO_FIELD, async () => ({
    path: '/oauth2/userinfo',
  })),
  byQuery('/oauth2/authorize', REQUEST, 303),
  byQuery('/oauth2/authorize', { ...REQUEST, ...EXTRA }, null),
  asBrowser('/oauth2/authorize', REQUEST),
  byQuery('/oauth2/device', { user_code: 'BCDF-GHJK' }),
  slow(
    posted(
      '/oauth2/device',
      { user_code: MADE.userCode, xsrf: MADE.xsrf, confirm: 'yes' },
      /is connected/,
      NO_FIELD,
      async () => {
        const browser = await signedIn('alice');
        const { xsrf } = hiddenOf(await browser.visit('/oauth2/device'));
        const { user_code: userCode } = await deviceCodes();
        return { path: '/oauth2/device', fields: browser.fields, made: { xsrf, userCode } };
      },
    ),
  ),
  byQuery('/oauth2/logout', { client_id: () => known.client, state: 's' }),
  byQuery(
    '/oauth2/logout',
    {
      id_token_hint: 'e30.e30.e30',
      client_id: () => known.client,
      post_logout_redirect_uri: REDIRECT_URI,
      state: 's',
    },
    null,
  ),
  posted('/oauth2/logout', { client_id: () => known.client, state: 's' }, 303, COOKIE, async () => ({
    path: '/oauth2/logout',
    fields: [`Origin: ${ISSUER}`],
  })),
  slow(
    posted(
      '/oauth2/logout/confirm',
      { csrf_token: MADE.csrf, xsrf: MADE.xsrf, logout: 'yes' },
      303,
      NO_FIELD,
      async () => {
        // Of a session of its own, which ends.
        const browser = await signedIn('bob');
        const fields = hiddenOf(await browser.visit('/oauth2/logout'));
        return {
          path: '/oauth2/logout/confirm',
          fields: browser.fields,
          made: { csrf: fields.csrf_token, xsrf: fields.xsrf },
        };
      },
    ),
  ),
  byQuery('/oauth2/continue', { to: () => onward('to'), csrf_token: () => onward('csrf_token') }),
  byQuery('/oauth2/sign-in', { return_to: '/oauth2/applications' }, 303),
  onTheWay('login', { username: 'alice', password: PASSWORD }, () => newBrowser()),
  onTheWay('login', { username: 'alice', password: 'wrong', decision: 'deny' }, () => newBrowser()),
  onTheWay('consent', { decision: 'deny' }, () => signedIn('alice')),
  onTheWay('consent', { decision: 'allow' }, () => signedIn('alice')),
  posted(
    '/oauth2/sign-in',
    { csrf_token: MADE.csrf, username: 'bob', password: PASSWORD, return_to: '/oauth2/applications' },
    303,
    NO_FIELD,
    async () => {
      const browser = newBrowser();
      const { csrf_token } = hiddenOf(await browser.visit('/oauth2/sign-in'));
      return { path: '/oauth2/sign-in', fields: browser.fields, made: { csrf: csrf_token } };
    },
  ),
  asBrowser('/oauth2/sign-out', { logout: 'no' }),
  byQuery('/oauth2/applications', { page: '1', after: '5', q: 'Shop', before: '1' }),
  ...(['/oauth2/applications', '/oauth2/staff/applications'] as const).flatMap((area) => {
    const staff = area.includes('staff') ? { user_id: 'alice', skip_authorization: 'yes', ...LIFETIMES } : {};
    const at = (name: string) => ({ at: () => `${area}/${known.owned}/${name}` });
    return [
      asBrowser(`${area}/new`, { ...APPLICATION, client_type: 'public', ...staff }),
      asBrowser(`${area}/:clientId/edit`, { ...APPLICATION, authorization_requests: 'pushed', ...staff }, at('edit')),
      asBrowser(`${area}/:clientId/secret`, { overlap: '3600' }, at('secret')),
      asBrowser(
        `${area}/:clientId/delete`,
        {},
        { fresh: async () => `${area}/${await registered({ userId: 'alice' })}/delete` },
      ),
    ];
  }),
  ...(['disable', 'enable'] as const).map((name) =>
    asBrowser(
      `/oauth2/staff/applications/:clientId/${name}`,
      {},
      { at: () => `/oauth2/staff/applications/${known.owned}/${name}` },
    ),
  ),
  byQuery('/oauth2/staff/tokens', { user_id: 'alice', client_id: () => known.client, hash: '', before_access: '1' }),
  asBrowser(
    '/oauth2/staff/tokens/:kind/:id/revoke',
    {},
    { at: () => `/oauth2/staff/tokens/access/${known.tokenId}/revoke` },
  ),
  slow(
    asBrowser(
      '/oauth2/authorized-applications/:clientId/withdraw',
      {},
      {
        fresh: async () => {
          await codeFor('read', known.consented);
          return `/oauth2/authorized-applications/${known.consented}/withdraw`;
        },
      },
    ),
  ),
  byQuery('/oauth2/sessions', { after: '', done: 'sessionEnded' }),
  asBrowser('/oauth2/sessions/end-all', { confirm: 'yes' }),
  slow(
    asBrowser(
      '/oauth2/sessions/:id/end',
      {},
      { fresh: async () => `/oauth2/sessions/${await freshSession('alice')}/end` },
    ),
  ),
  byQuery('/oauth2/staff/sessions', { user_id: 'bob', after: '' }),
  asBrowser(
    '/oauth2/staff/sessions/end-all',
    { confirm: 'yes' },
    { fresh: async () => '/oauth2/staff/sessions/end-all?user_id=bob' },
  ),
  slow(
    asBrowser(
      '/oauth2/staff/sessions/:id/end',
      {},
      { fresh: async () => `/oauth2/staff/sessions/${await freshSession('bob')}/end` },
    ),
  ),
];

test('every form of the authorization server is among them, and good input gets through each', () => {
  const step: unknown = new Proxy(() => {}, { get: () => step });
  const endpoints = listEndpoints(readOptions(OPTIONS), step as Parameters<typeof listEndpoints>[1]);
  const served = [
    ...endpoints.filter(({ methods }) => methods.includes('POST')).map(({ path }) => path),
    ...pages.filter(({ post }) => post !== undefined).map(({ path }) => `/oauth2${path}`),
  ];
  const answered = FORMS.filter(({ good }) => good !== undefined).map(({ route }) => route);
  expect(new Set(answered.filter((route) => route.startsWith('POST ')))).toEqual(
    new Set(served.map((path) => `POST ${path}`)),
  );
});

test.each(FORMS)(
  '[AS-40] $title: no input fails, or says a secret',
  async ({ given, fields, send, good, share = SHARE }) => {
    const check = (reply: RawReply) => {
      if (!(reply.status >= 200 && reply.status < 500)) throw new Error(`${reply.status}: ${reply.text}`);
      const location = locationOf(reply);
      // Nothing but the registered address, or a page of ours, is where anybody is sent.
      if (location !== '' && !location.startsWith(`${REDIRECT_URI}?`) && !isOurs(location)) throw new Error(location);
      secrets.expectNone(reply.text + location, 'the answer');
      secrets.expectNone(observed.take() + events.splice(0).join(), 'a log line or an event');
      if (/failed at|internal/i.test(reply.text)) throw new Error(reply.text);
    };
    const expectThrough = async () => {
      if (good === undefined) return;
      const reply = await send(good.given(), good.field());
      check(reply);
      const isAnswer = typeof good.answer === 'number' ? reply.status === good.answer : good.answer.test(reply.text);
      // Whoever is not signed in is sent to do so, and that is no refusal by its status.
      const isThrough = isAnswer && !/\/sign-in\b|[?&]error=/.test(locationOf(reply));
      if (!isThrough)
        throw new Error(`Good input is answered with ${reply.status}: ${locationOf(reply)} ${reply.text}`);
    };
    await expectThrough();
    await forInputsAsync(
      fc.asyncProperty(given, fields, async (text, field) => check(await send(text, field))),
      share,
    );
    // Nothing of that has broken what is good.
    await expectThrough();
    expect(observed.uncaught).toEqual([]);
  },
);

const isOurs = (location: string) => /^\/(?![/\\])/.test(location) || location.startsWith(`${ISSUER}/`);
