import { createHash, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc, { type Arbitrary } from 'fast-check';
import Koa, { type Context } from 'koa';
import { PageRouter } from '../../../src/authorization-server/pages/page-router.js';
import { authorizationServer, type HostLoginRequest } from '../../../src/public/authorization-server.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { ConsentRepository } from '../../../src/storage/index.js';
import { Browser, hiddenOf, locationOf } from '../../support/bad-input/browser.js';
import { escaped, type Good, parameters, unchanged } from '../../support/bad-input/form-parameters.js';
import { InMemoryServer } from '../../support/bad-input/in-memory.js';
import { forInputsAsync, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { Observed, Secrets } from '../../support/bad-input/secrecy.js';
import { fieldBytes, hostile, nearly } from '../../support/bad-input/texts.js';
import type { RawReply } from '../../support/spec/http.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** Each input is one to five requests through oidc-provider and SQLite. */
const SHARE = 0.03;

const ISSUER = 'http://127.0.0.1:8080';
const REDIRECT_URI = 'https://app.example/callback';
const CHALLENGE = createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url');
const HOST = '/host/login';

/** Who is signed in at the host, by the browser's cookie there; nobody can make that up. */
const SESSIONS: Readonly<Record<string, string>> = {
  [randomBytes(24).toString('base64url')]: 'alice',
  [randomBytes(24).toString('base64url')]: 'bob',
  // Whom the host knows, and who may not act here.
  [randomBytes(24).toString('base64url')]: 'mallory',
};
const cookieOf = (user: string) =>
  `host=${Object.entries(SESSIONS).find(([, name]) => name === user)?.[0] ?? 'nobody'}`;
const userOf = (context: Context): string | undefined => {
  const value = context.cookies.get('host') ?? '';
  return Object.hasOwn(SESSIONS, value) ? SESSIONS[value] : undefined;
};

const observed = new Observed();
const events: string[] = [];
let oauth2: OAuth2;
let server: InMemoryServer;
let secrets: Secrets;
let clientId = '';
let owned = '';
let consented: { readonly id: number; readonly clientId: string };
let tokenId = '';
let signedInAt = 0;
/** The pages that this authorization server has. */
let pages: readonly { readonly path: string; readonly get?: unknown; readonly post?: unknown }[] = [];

beforeAll(async () => {
  observed.start();
  oauth2 = createOAuth2({
    database: ':memory:',
    scopes: { read: 'Read', write: 'Write' },
    users: {
      findById: (id: string) => (['alice', 'bob', 'mallory'].includes(id) ? { id } : undefined),
      isActive: ({ id }) => id !== 'mallory',
      idOf: ({ id }) => id,
    },
    logger: observed.logger,
    throttling: { failedAuthentication: null },
    authorizationServer: authorizationServer({
      issuer: ISSUER,
      encryptionKeys: [randomBytes(32)],
      isStaff: () => true,
      ownerScopes: ['read'],
      login: {
        url: (uid: string | undefined, _context: Context, { reauthenticate }: HostLoginRequest) =>
          `${HOST}?${new URLSearchParams({ ...(uid !== undefined && { uid }), again: `${reauthenticate}` })}`,
        userId: userOf,
        authenticatedAtMilliseconds: () => signedInAt,
      },
      throttling: { token: null, authorize: null, device: null, introspection: null, registration: null },
    }),
  });
  await oauth2.migrate();
  const registered = async (more: object) =>
    (
      await oauth2.applications.create({
        ...{ name: 'Shop', grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [REDIRECT_URI] },
        ...more,
      })
    ).application.clientId;
  clientId = await registered({ skipAuthorization: true });
  owned = await registered({ userId: 'alice' });
  const { application } = await oauth2.applications.create({
    ...{ name: 'Books', grantTypes: ['authorization_code'], redirectUris: [REDIRECT_URI] },
  });
  consented = application;
  for (const name of ['client.refused', 'user.refused', 'token.issued', 'session.started'] as const) {
    oauth2.events.on(name, (event: object) => void events.push(inspect(event, { depth: 5 })));
  }
  const koa = new Koa();
  koa.silent = true;
  if (oauth2.authorizationServer !== undefined) koa.use(oauth2.authorizationServer.middleware());
  server = new InMemoryServer(koa.callback());
  const { access_token: token } = await oauth2.tokens.issue({ user: 'alice', application: clientId, scope: 'read' });
  signedInAt = Date.now();
  const has = jest.spyOn(PageRouter.prototype, 'has');
  const browser = as('alice');
  const listed = await browser.visit(`/oauth2/staff/tokens?client_id=${clientId}`);
  tokenId = /tokens\/access\/(\d+)\/revoke/.exec(listed.text)?.[1] ?? '';
  pages = (has.mock.contexts[0] as unknown as { readonly routes: typeof pages }).routes;
  has.mockRestore();
  secrets = new Secrets([token.slice(4), ...Object.keys(SESSIONS)]);
});

afterAll(async () => {
  observed.stop();
  server.close();
  await oauth2.close();
});

const as = (user: string) => new Browser(server, ISSUER, cookieOf(user));

const REQUEST: Good = {
  ...{ response_type: 'code', client_id: () => clientId, redirect_uri: REDIRECT_URI, scope: 'read', state: 's' },
  ...{ code_challenge: CHALLENGE, code_challenge_method: 'S256' },
};

/** Begins an authorization request, as far as the login of the host; answers the browser and the way back. */
async function sentToHost(more: Readonly<Record<string, string>> = {}) {
  const browser = new Browser(server, ISSUER);
  await browser.visit(`/oauth2/authorize?${unchanged({ ...REQUEST, ...more })}`);
  if (browser.location.includes('/interaction/')) await browser.visit(browser.location);
  const uid = new URLSearchParams(browser.location.replace(/.*\?/, '')).get('uid');
  if (!browser.location.startsWith(HOST) || uid === null) throw new Error(`Not sent to the host: ${browser.location}`);
  return { browser, uid };
}

/** The session that is begun here when alice, who is signed in at the host, lets an application have something. */
async function freshSession(): Promise<string> {
  const browser = as('alice');
  await browser.visit(`/oauth2/authorize?${unchanged(REQUEST)}`);
  for (let steps = 0; steps < 5 && browser.location.startsWith('/oauth2/'); steps += 1) {
    await browser.visit(browser.location);
  }
  const [newest] = await oauth2.sessions.listFor('alice', { limit: 1 });
  if (newest === undefined) throw new Error(`No session was begun: ${browser.location}`);
  return newest.id;
}

/** A field of cookies: those of the browser, with that of the host as it is, as that of somebody else, or damaged. */
const hostCookies: Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('alice', 'bob', 'mallory', 'nobody').map(cookieOf) },
  { weight: 3, arbitrary: nearly(fc.constantFrom('alice', 'bob').map(cookieOf)).map(fieldBytes) },
  { weight: 2, arbitrary: hostile.map((text) => `host=${fieldBytes(text)}`) },
  { weight: 1, arbitrary: hostile.map(fieldBytes) },
);

/** @throws Error for a 5xx, a way out of here that nobody has registered, or a secret */
function checked(reply: RawReply): RawReply {
  const { status, text } = reply;
  if (!(status >= 200 && status < 500)) throw new Error(`${status}: ${text} ${observed.take()}`);
  const location = locationOf(reply);
  const isHere = location === '' || /^\/(?![/\\])/.test(location) || location.startsWith(`${ISSUER}/`);
  if (!isHere && !location.startsWith(`${REDIRECT_URI}?`)) throw new Error(location);
  secrets.expectNone(text + location, 'the answer');
  secrets.expectNone(observed.take() + events.splice(0).join(), 'a log line or an event');
  return reply;
}

/** Whether the session of somebody who may act is in a field, whatever else is. */
const isSomebody = (field: string) =>
  ['alice', 'bob'].some((user) => field.includes(cookieOf(user).slice('host='.length)));

const hasCode = (reply: RawReply) =>
  locationOf(reply).startsWith(`${REDIRECT_URI}?`) && /[?&]code=/.test(locationOf(reply));

test('[AS-40] a request for an authorization leads to the login of the host, and no input fails or says a secret', async () => {
  const seen = { host: 0, other: 0 };
  const more = { ...REQUEST, prompt: 'login', max_age: '5', acr_values: '0', login_hint: 'alice', ui_locales: 'de' };
  await forInputsAsync(
    fc.asyncProperty(
      fc.oneof(parameters(REQUEST), parameters(more)),
      fc.oneof(fc.constant(''), hostCookies),
      async (query, cookies) => {
        const sent = fieldBytes(query).replace(/[\0-\x20\x7f-\xff]/g, '+');
        const fields = cookies === '' ? [] : [`Cookie: ${cookies}`];
        const begun = checked(await server.send({ requestLine: `GET /oauth2/authorize?${sent}`, fields }));
        const browser = new Browser(
          server,
          ISSUER,
          begun
            .fields('set-cookie')
            .map((line) => line.split(';', 1)[0])
            .join('; '),
        );
        const location = locationOf(begun);
        const next = location.includes('/interaction/') ? checked(await browser.visit(location)) : begun;
        seen[locationOf(next).startsWith(HOST) ? 'host' : 'other'] += 1;
      },
    ),
    SHARE,
  );
  expect([seen.host > 0, seen.other > 0, observed.uncaught]).toEqual([true, true, []]);
});

test('[AS-40] only who the host says is signed in comes back from its login as somebody, and no input fails', async () => {
  const seen = { in: 0, out: 0 };
  const place: Arbitrary<(uid: string) => string> = fc.oneof(
    { weight: 6, arbitrary: fc.constant((uid: string) => uid) },
    { weight: 1, arbitrary: fc.nat(30).map((length) => (uid: string) => uid.slice(0, length)) },
    { weight: 1, arbitrary: hostile.map((text) => () => text) },
  );
  const times = fc.constantFrom(0, -120_000, 30_000);
  await forInputsAsync(
    fc.asyncProperty(
      hostCookies,
      times,
      fc.constantFrom<Readonly<Record<string, string>>>({}, { max_age: '60' }, { prompt: 'login' }),
      place,
      async (host, age, more, placeOf) => {
        const { browser, uid } = await sentToHost(more);
        signedInAt = Date.now() + age;
        const path = `/oauth2/interaction/${escaped(placeOf(uid))}`;
        const cookies = `${browser.cookies}; ${host}`;
        let reply = checked(await server.send({ requestLine: `GET ${path}`, fields: [`Cookie: ${cookies}`] }));
        for (let steps = 0; steps < 4 && locationOf(reply).includes('/oauth2/'); steps += 1) {
          const requestLine = `GET ${locationOf(reply).replace(ISSUER, '')}`;
          reply = checked(await server.send({ requestLine, fields: [`Cookie: ${cookies}`] }));
        }
        if (hasCode(reply) && !isSomebody(host)) throw new Error(`Let in by ${host}`);
        // Who has to sign in anew has not done so before the request.
        if (hasCode(reply) && 'prompt' in more && age < -60_000) throw new Error(`Not asked again: ${age}`);
        seen[hasCode(reply) ? 'in' : 'out'] += 1;
      },
    ),
    SHARE / 3,
  );
  signedInAt = Date.now();
  expect([seen.in > 0, seen.out > 0, observed.uncaught]).toEqual([true, true, []]);
});

test('[AS-40] there is no form at the login of the host: whatever is sent to an interaction is refused', async () => {
  const seen = new Map<number, number>();
  const given = parameters({ csrf_token: 'c'.repeat(43), username: 'alice', password: 'secret', decision: 'allow' });
  await forInputsAsync(
    fc.asyncProperty(given, async (form) => {
      const { browser, uid } = await sentToHost();
      const { status } = checked(await server.form(`/oauth2/interaction/${uid}`, form, browser.fields));
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if (status < 400) throw new Error(`${status} for ${form}`);
    }),
    SHARE / 5,
  );
  expect([seen.has(405), observed.uncaught]).toEqual([true, []]);
});

/** A form of a page, with what is sent if nothing is wrong; all are answered by a redirect to a page then. */
interface Form {
  readonly route: string;
  /** Where it is, if its route has parameters. */
  readonly at?: () => string | Promise<string>;
  readonly good: Good;
}

const APPLICATION = { name: 'Shop', redirect_uris: REDIRECT_URI, scope: 'read', grant_type: 'authorization_code' };

const FORMS: readonly Form[] = [
  ...(['/applications', '/staff/applications'] as const).flatMap((area): Form[] => [
    { route: `${area}/new`, good: { ...APPLICATION, client_type: 'public' } },
    { route: `${area}/:clientId/edit`, at: () => `${area}/${owned}/edit`, good: APPLICATION },
    { route: `${area}/:clientId/secret`, at: () => `${area}/${owned}/secret`, good: { overlap: '0' } },
    {
      route: `${area}/:clientId/delete`,
      async at() {
        const { application } = await oauth2.applications.create({
          ...{ name: 'Books', grantTypes: ['authorization_code'], redirectUris: [REDIRECT_URI], userId: 'alice' },
        });
        return `${area}/${application.clientId}/delete`;
      },
      good: {},
    },
  ]),
  ...(['disable', 'enable'] as const).map(
    (name): Form => ({
      route: `/staff/applications/:clientId/${name}`,
      at: () => `/staff/applications/${owned}/${name}`,
      good: {},
    }),
  ),
  { route: '/staff/tokens/:kind/:id/revoke', at: () => `/staff/tokens/access/${tokenId}/revoke`, good: {} },
  {
    route: '/authorized-applications/:clientId/withdraw',
    async at() {
      await new ConsentRepository(oauth2.models).remember('alice', consented.id, ['read']);
      return `/authorized-applications/${consented.clientId}/withdraw`;
    },
    good: {},
  },
  {
    route: '/staff/sessions/:id/end',
    at: async () => `/staff/sessions/${await freshSession()}/end`,
    good: {},
  },
  { route: '/staff/sessions/end-all', at: () => '/staff/sessions/end-all?user_id=bob', good: { confirm: 'yes' } },
];

test('every form of the pages that there are with a login of the host is among them', () => {
  const posted = pages.filter(({ post }) => post !== undefined).map(({ path }) => path);
  // The one of an interaction has a test of its own.
  expect(new Set([...FORMS.map(({ route }) => route), '/interaction/:uid'])).toEqual(new Set(posted));
});

test.each(FORMS)(
  '[AS-40] POST $route for who is signed in at the host: no input fails, or says a secret',
  async ({ route, at, good }) => {
    const CSRF = 'csrf-token-that-was-made';
    const given = parameters({ csrf_token: CSRF, ...good });
    // The page is alice's, and the form comes from her browser, where somebody else may be signed in at the host by now.
    const alice = as('alice');
    const send = async (form: string, host: string) => {
      const path = `/oauth2${(await at?.()) ?? route}`;
      const { csrf_token: csrf = '' } = hiddenOf(await alice.visit(path));
      const cookies = alice.cookies.replace(cookieOf('alice'), () => host);
      const fields = [`Cookie: ${cookies}`, `Origin: ${ISSUER}`];
      return checked(await server.form(path, form.replaceAll(CSRF, escaped(csrf)), fields));
    };
    const through = await send(unchanged({ csrf_token: CSRF, ...good }), cookieOf('alice'));
    if (![200, 303].includes(through.status)) throw new Error(`${through.status}: ${through.text}`);
    const cookies = fc.oneof({ weight: 3, arbitrary: fc.constant('alice').map(cookieOf) }, hostCookies);
    await forInputsAsync(
      fc.asyncProperty(given, cookies, async (form, host) => {
        const reply = await send(form, host);
        const isDone = reply.status === 303 && !locationOf(reply).startsWith(HOST);
        if (isDone && !isSomebody(host)) throw new Error(`Done for ${host}`);
      }),
      SHARE / 4,
    );
    expect(observed.uncaught).toEqual([]);
  },
);
