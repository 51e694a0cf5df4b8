import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { answerOf, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { formsOf, UserAgent, type Visit } from '../../support/user-agent.js';

const ALICE = { username: 'alice', password: 'ecila' };
const MALLORY = { username: 'bob', password: 'bob' };
const HTTPS = 'https://auth.example.com';

const begin = (agent: UserAgent, client: TestClient, parameters = {}) =>
  agent.get(`/oauth2/authorize?${authorization(client, parameters).query}`);
const isLogin = ({ body }: Visit) => body.includes('name="password"');
const isConsent = ({ body }: Visit) => body.includes('name="decision"');
const uidOf = ({ url }: Visit) => new URL(url).pathname.split('/').at(-1) as string;

/** The page says that it is over, and asks for nothing. */
function expectNothing(visit: Visit): void {
  expect([visit.status, visit.headers.get('location'), formsOf(visit)]).toEqual([400, null, []]);
}

describe.each(STACKS)('an interaction and its browser, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, skipAuthorization: true });
  });

  test('[AS-56 §4.7] a link to somebody’s login shows no form, takes no password, and harms nothing', async () => {
    const [mallory, alice] = [suite.agent(), suite.agent()];
    const login = await begin(mallory, client);
    expectNothing(await alice.get(login.url));
    // Alice has a secret of her own by now; the form is still not hers.
    await begin(alice, client);
    const form = formsOf(login).find(({ fields }) => 'password' in fields);
    const sent = await alice.send(form as NonNullable<typeof form>, ALICE);
    expect([sent.status, sent.headers.get('location')]).toEqual([400, null]);
    expect(responseOf(await mallory.submit(login, MALLORY)).get('code')).not.toBeNull();
  });

  test('[AS-56 §4.7] a login that somebody finished is resumed in no other browser, and gives it no session', async () => {
    const [mallory, alice] = [suite.agent(), suite.agent()];
    const login = await begin(mallory, client);
    await begin(alice, client);
    const form = formsOf(login).find(({ fields }) => 'password' in fields);
    const { pathname } = new URL(login.url);
    const cookie = Object.entries(mallory.cookiesFor(pathname)).map((pair) => pair.join('='));
    // Sent, and not followed: the answer waits at the address at which the request goes on.
    await fetch(login.url, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: cookie.join('; ') },
      body: new URLSearchParams({ ...form?.fields, ...MALLORY }),
    });
    expectNothing(await alice.get(`/oauth2/authorize/${uidOf(login)}`));
    expect(isLogin(await alice.get('/oauth2/sign-in'))).toBe(true);
    const resumed = await mallory.get(`/oauth2/authorize/${uidOf(login)}`);
    expect(responseOf(resumed).get('code')).not.toBeNull();
  });

  test('[AS-56 §4.7] a consent that waits in one browser can be given in no other, not even by the same user', async () => {
    const asking = await suite.server.register(FOR_USERS);
    const [one, two] = [suite.agent(), suite.agent()];
    const consent = await one.submit(await begin(one, asking), ALICE);
    expect(isConsent(consent)).toBe(true);
    await two.submit(await begin(two, asking), ALICE);
    expectNothing(await two.get(consent.url));
    const form = formsOf(consent).find(({ buttons }) => buttons.includes('decision'));
    const sent = await two.send(form as NonNullable<typeof form>, { decision: 'allow' });
    expect([sent.status, sent.headers.get('location')]).toEqual([400, null]);
    expect(responseOf(await one.submit(consent, { decision: 'allow' })).get('code')).not.toBeNull();
  });

  test('[AS-56 §4.7] who has planted all cookies of his own, as he can on plain http, still consents to nothing in the name of whoever signs in there', async () => {
    const asking = await suite.server.register(FOR_USERS);
    const [mallory, alice] = [suite.agent(), suite.agent()];
    const login = await begin(mallory, asking);
    for (const [cookie, value] of Object.entries(mallory.cookiesFor('/'))) alice.plant(cookie, value);
    const consent = await alice.submit(await alice.get(login.url), ALICE);
    expect(isConsent(consent)).toBe(true);
    expectNothing(await mallory.get(consent.url));
    const form = formsOf(consent).find(({ buttons }) => buttons.includes('decision'));
    const sent = await mallory.send(form as NonNullable<typeof form>, { decision: 'allow' });
    expect([sent.status, sent.headers.get('location')]).toEqual([400, null]);
    expect((await alice.get('/oauth2/authorized-applications')).body).not.toContain(asking.clientId);
    expect(responseOf(await alice.submit(consent, { decision: 'allow' })).get('code')).not.toBeNull();
  });

  test('[AS-56 §4.7] a device that waits for a sign-in in one browser gets it from no other', async () => {
    const [mallory, alice] = [suite.agent(), suite.agent()];
    const begun = await answerOf(suite.server.post('/oauth2/device_authorization', { scope: 'read' }, client));
    let visit = await mallory.get('/oauth2/device');
    visit = await mallory.submit(visit, { user_code: String(begun.body.user_code) });
    visit = await mallory.submit(visit, { confirm: 'yes' });
    expect(isLogin(visit)).toBe(true);
    await begin(alice, client);
    expectNothing(await alice.get(visit.url));
    expectNothing(await alice.get(`/oauth2/device/${uidOf(visit)}`));
  });

  test('[AS-56 §4.7] a cookie that is planted alongside the browser’s own, for a path or a name of old, opens nothing', async () => {
    const [mallory, alice] = [suite.agent(), suite.agent()];
    const login = await begin(mallory, client);
    await begin(alice, client);
    const { pathname } = new URL(login.url);
    for (const [cookie, value] of Object.entries(mallory.cookiesFor(pathname))) {
      alice.plantLine(`${cookie}=${value}; Path=${pathname}`);
      alice.plantLine(`${cookie}=${value}; Path=/oauth2/authorize/${uidOf(login)}`);
    }
    for (const old of ['oauth2_interaction', 'oauth2_resume', 'interaction', 'resume', '_interaction']) {
      alice.plantLine(`${old}=${uidOf(login)}; Path=/`);
    }
    expectNothing(await alice.get(login.url));
    await mallory.submit(login, MALLORY);
    expectNothing(await alice.get(`/oauth2/authorize/${uidOf(login)}`));
  });

  test('[AS-56] requests in several tabs go on alongside each other, in any order', async () => {
    const asking = await suite.server.register(FOR_USERS);
    const agent = suite.agent();
    const tabs = [await begin(agent, asking, { state: '1' }), await begin(agent, asking, { state: '2' })];
    const third = await begin(agent, client, { state: '3' });
    const consent = await agent.submit(tabs[1] as Visit, ALICE);
    expect(isConsent(consent)).toBe(true);
    expect(responseOf(await agent.submit(third, ALICE)).get('state')).toBe('3');
    const done = await agent.submit(consent, { decision: 'allow' });
    expect([responseOf(done).get('state'), responseOf(done).has('code')]).toEqual(['2', true]);
    const last = await agent.submit(tabs[0] as Visit, ALICE);
    expect([responseOf(last).get('state'), responseOf(last).has('code')]).toEqual(['1', true]);
  });

  test('[AS-56] a user who signs in where another tab has signed in somebody else meanwhile, takes over; nothing goes on by a script, or without the fields of a page', async () => {
    const asking = await suite.server.register(FOR_USERS);
    for (const application of [client, asking]) {
      const agent = suite.agent();
      const tab = await begin(agent, application);
      await agent.submit(await agent.get('/oauth2/sign-in'), ALICE);
      let visit = await agent.submit(tab, MALLORY);
      if (application === asking) {
        expect([isConsent(visit), visit.body]).toEqual([true, expect.stringMatching(/account <bdi[^>]*>bob</)]);
        visit = await agent.submit(visit, { decision: 'allow' });
      }
      expect(responseOf(visit).has('code')).toBe(true);
      expect((await agent.get('/oauth2/sessions')).body).toContain('>bob<');
    }
  });

  test('[AS-56] a user who signs in between a login and its going on keeps his session: the request is over', async () => {
    const agent = suite.agent();
    const tab = await begin(agent, client);
    const form = formsOf(tab).find(({ fields }) => 'password' in fields);
    const cookies = Object.entries(agent.cookiesFor('/')).map((pair) => pair.join('='));
    await fetch(tab.url, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: cookies.join('; '), origin: suite.url },
      body: new URLSearchParams({ ...form?.fields, ...MALLORY }),
    });
    await agent.submit(await agent.get('/oauth2/sign-in'), ALICE);
    const resumed = await agent.get(`/oauth2/authorize/${uidOf(tab)}`);
    expectNothing(resumed);
    expect(resumed.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(resumed.body).not.toContain('<script');
    expect((await agent.get('/oauth2/sessions')).body).toContain('>alice<');
  });

  test('[AS-56] however many requests a browser begins, its cookies do not grow in number', async () => {
    const agent = suite.agent();
    await begin(agent, client);
    const before = Object.keys(agent.cookiesFor('/oauth2/interaction/x'));
    let login: Visit | undefined;
    for (let count = 0; count < 20; count += 1) login = await begin(agent, client);
    expect(Object.keys(agent.cookiesFor(new URL((login as Visit).url).pathname))).toEqual(before);
  });

  test('[AS-56] the same request is not resumed twice', async () => {
    const agent = suite.agent();
    const login = await begin(agent, client);
    expect(responseOf(await agent.submit(login, ALICE)).has('code')).toBe(true);
    expectNothing(await agent.get(`/oauth2/authorize/${uidOf(login)}`));
  });
});

describe('a login of the host and its browser', () => {
  let signedIn: string | undefined;
  const suite = useAuthorizationServer('SQLite + memory', {
    options: {
      authenticate: undefined,
      login: { url: (uid) => `/host-login?uid=${uid}`, userId: () => signedIn },
    },
  });

  test('[AS-56 §4.7] a link to somebody’s interaction signs nobody in there who is signed in at the host', async () => {
    const client = await suite.server.register({ ...FOR_USERS, skipAuthorization: true });
    const [mallory, alice] = [suite.agent(), suite.agent()];
    const asked = await begin(mallory, client);
    const uid = new URL(asked.url).searchParams.get('uid');
    signedIn = 'alice';
    expectNothing(await alice.get(`/oauth2/interaction/${uid}`));
    expectNothing(await alice.get(`/oauth2/authorize/${uid}`));
    signedIn = 'bob';
    expect(responseOf(await mallory.get(`/oauth2/interaction/${uid}`)).has('code')).toBe(true);
  });
});

describe.each(STACKS)('cookies of an https issuer, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { issuer: HTTPS } });
  const agentOf = () => new UserAgent(HTTPS, {}, suite.url);

  test('[AS-56] every one has the prefix __Host-, the path /, and neither domain nor plain http', async () => {
    const client = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    const agent = agentOf();
    const lines = agent.cookieLines;
    const login = await begin(agent, client);
    const consent = await agent.submit(login, ALICE);
    expect(responseOf(await agent.submit(consent, { decision: 'allow' })).has('code')).toBe(true);
    const created = await agent.submit(await agent.get('/oauth2/applications/new'), { name: 'Mine' });
    expect(created.status).toBeLessThan(500);
    await agent.get('/oauth2/device');
    await agent.submit(await agent.get('/oauth2/logout'), { logout: 'yes' });
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) {
      expect(line).toMatch(/^__Host-oauth2_\w+_[0-9a-f]{10}(\.sig)?=[^;]*;.*path=\/(;|$)/i);
      expect(line).toMatch(/; *secure/i);
      expect(line).toMatch(/; *httponly/i);
      expect(line).not.toMatch(/domain/i);
    }
  });

  test('[AS-56 §4.7] the same names without the prefix, as a sibling subdomain could plant them, are no cookies of ours', async () => {
    const client = await suite.server.register({ ...FOR_USERS, skipAuthorization: true });
    const [mallory, alice] = [agentOf(), agentOf()];
    const login = await begin(mallory, client);
    for (const [cookie, value] of Object.entries(mallory.cookiesFor(new URL(login.url).pathname))) {
      alice.plantLine(`${cookie.replace('__Host-', '')}=${value}; Path=/; Domain=example.com`);
    }
    expectNothing(await alice.get(login.url));
    await mallory.submit(login, MALLORY);
    for (const [cookie, value] of Object.entries(mallory.cookiesFor('/'))) {
      alice.plantLine(`${cookie.replace('__Host-', '')}=${value}; Path=/; Domain=example.com`);
    }
    expect(isLogin(await begin(alice, client))).toBe(true);
  });
});

describe('two servers on one host', () => {
  const one = useAuthorizationServer('SQLite + memory');
  const byPort = useAuthorizationServer('SQLite + memory');
  const byPrefix = useAuthorizationServer('SQLite + memory', { options: { prefix: '/oauth2/b' } });

  test('[AS-56] by port or by path: each has cookies of its own, and a sign-in at one leaves the others as they are', async () => {
    const names: string[][] = [];
    for (const [suite, prefix] of [
      [one, '/oauth2'],
      [byPort, '/oauth2'],
      [byPrefix, '/oauth2/b'],
    ] as const) {
      const agent = suite.agent();
      await agent.submit(await agent.get(`${prefix}/sign-in`), ALICE);
      names.push(Object.keys(agent.cookiesFor('/')));
    }
    expect(names.every((list) => list.length >= 3)).toBe(true);
    expect(new Set(names.flat()).size).toBe(names.flat().length);
  });
});
