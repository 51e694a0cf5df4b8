import { describe, expect, test } from '@jest/globals';
import type { NewApplication } from '../../../src/storage/index.js';
import { authorization, REDIRECT_URI, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { formsOf, targetOf, type UserAgent, type Visit } from '../../support/user-agent.js';

const STRANGERS: [string, Partial<NewApplication>][] = [
  ['a user', { ...FOR_USERS, registeredBy: 'owner', userId: 'bob' }],
  ['itself', { ...FOR_USERS, registeredBy: 'registration' }],
  ['itself, as a native one', { ...FOR_USERS, registeredBy: 'registration', clientType: 'public' }],
];
const TRUSTED: [string, Partial<NewApplication>][] = [
  ['the host', FOR_USERS],
  ['a user, and staff skips consent', { ...FOR_USERS, registeredBy: 'owner', userId: 'bob', skipAuthorization: true }],
];

type Parameters = Readonly<Record<string, string | undefined>>;

/** What is wrong with a request, and what the application would be told. */
const WRONG: [string, Parameters][] = [
  ['invalid_scope', { scope: 'nope' }],
  ['invalid_scope', { scope: undefined }],
  ['invalid_scope', { scope: 'api' }],
  ['unsupported_response_type', { response_type: 'token' }],
  ['invalid_request', { response_type: undefined }],
  ['invalid_request', { code_challenge: undefined }],
  ['invalid_request', { code_challenge_method: 'plain' }],
  ['invalid_request', { prompt: 'nonsense' }],
  ['invalid_request', { prompt: 'none login' }],
  ['invalid_request', { max_age: '-1' }],
  ['invalid_target', { resource: 'https://nowhere.example' }],
  ['request_not_supported', { request: 'eyJhbGciOiJub25lIn0.e30.' }],
  ['registration_not_supported', { registration: '{}' }],
  ['invalid_request', { id_token_hint: 'nonsense' }],
  ['unsupported_response_mode', { response_mode: 'nonsense' }],
  ['login_required', { prompt: 'none' }],
  ['invalid_scope', { scope: 'nope', response_mode: 'form_post' }],
  ['invalid_scope', { scope: 'nope', response_mode: 'query' }],
  ['login_required', { prompt: 'none', response_mode: 'form_post' }],
];

async function signIn(agent: UserAgent, user: string): Promise<UserAgent> {
  const page = await agent.get('/oauth2/sign-in');
  await agent.submit(page, { username: user, password: [...user].reverse().join('') });
  return agent;
}

/** Nothing in an answer makes a browser go elsewhere by itself. */
function expectNoWayOut(visit: Visit): void {
  expect(visit.headers.get('location')).toBeNull();
  expect(visit.headers.get('refresh')).toBeNull();
  expect(visit.body).not.toMatch(/http-equiv="?refresh|<script|<form/i);
}

/** The address of the link to the application. */
function linkOn({ body }: Visit): URL {
  const [, href = ''] = /<a class="button" href="([^"]*)"/.exec(body) ?? [];
  return new URL(href.replaceAll('&amp;', '&'));
}

describe.each(STACKS)('before somebody is signed in, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: { ownerScopes: ['read'], dynamicRegistration: { scopes: ['read'] } },
  });
  const ask = (client: TestClient, parameters: Parameters, agent = suite.agent()): Promise<Visit> =>
    agent.get(`/oauth2/authorize?${authorization(client, parameters).query}`);

  describe.each(STRANGERS)('an application that was registered by %s', (_registrar, application) => {
    test.each(WRONG)('[AS-59 RFC 9700 §4.11.2] %s is told on a page with a link: %j', async (error, parameters) => {
      const client = await suite.server.register(application);
      const visit = await ask(client, parameters);
      expectNoWayOut(visit);
      expect([visit.status, visit.body]).toEqual([400, expect.stringContaining(error)]);
      const link = linkOn(visit);
      expect(link.href.startsWith(`${REDIRECT_URI}?`)).toBe(true);
      expect(Object.fromEntries(link.searchParams)).toMatchObject({ error, state: 'a state', iss: suite.url });
      expect(visit.body).toContain('Continue to app.example.com');
    });

    test('[AS-59 RFC 9700 §4.11.2] a sign-in that is cancelled ends on a page with a link', async () => {
      const client = await suite.server.register(application);
      const agent = suite.agent();
      const page = await ask(client, {}, agent);
      const form = formsOf(page).find(({ fields }) => fields.decision === 'deny');
      if (form === undefined) throw new Error(`There is nothing to cancel: ${page.body}`);
      const visit = await agent.send(form);
      expectNoWayOut(visit);
      expect([visit.status, linkOn(visit).searchParams.get('error')]).toEqual([403, 'access_denied']);
    });

    test('[AS-59 RFC 9700 §4.11.2] a user who is signed in is redirected, also with prompt=none', async () => {
      const client = await suite.server.register(application);
      const agent = await signIn(suite.agent(), 'alice');
      expect(responseOf(await ask(client, { scope: 'nope' }, agent)).get('error')).toBe('invalid_scope');
      const silent = targetOf(await ask(client, { prompt: 'none' }, agent)).searchParams.get('error');
      expect(['consent_required', 'interaction_required']).toContain(silent);
      const old = responseOf(await ask(client, { prompt: 'none', max_age: '0' }, agent));
      expect([old.get('error'), old.get('code')]).toEqual([
        expect.stringMatching(/^(login_required|invalid_request)$/),
        null,
      ]);
    });

    test('[AS-59 RFC 9700 §4.11.2] the session of a user who may not act any more is none', async () => {
      const client = await suite.server.register(application);
      const agent = await signIn(suite.agent(), 'carol');
      const carol = suite.server.users.get('carol');
      if (carol === undefined) throw new Error('There is no carol.');
      carol.active = false;
      try {
        for (const parameters of [{ scope: 'nope' }, { prompt: 'none' }]) {
          expectNoWayOut(await ask(client, parameters, agent));
        }
      } finally {
        carol.active = true;
      }
    });

    test('[AS-59 RFC 9126 §2.3] a pushed request is refused as JSON', async () => {
      const client = await suite.server.register(application);
      const { query } = authorization(client, { scope: 'nope' });
      const answer = await suite.post('/oauth2/par', query.toString(), client);
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_scope']);
    });

    test('[AS-59 RFC 9700 §4.11.2] a user who signs in goes on as ever', async () => {
      const client = await suite.server.register(application);
      expect((await suite.tokens(client)).scope).toBe('read');
    });
  });

  describe.each(TRUSTED)('an application that was registered by %s', (_registrar, application) => {
    test('[AS-59 RFC 9700 §4.11.2] is told by a redirect, as ever', async () => {
      const client = await suite.server.register(application);
      for (const [error, parameters] of [
        ['invalid_scope', { scope: 'nope' }],
        ['login_required', { prompt: 'none' }],
      ] as const) {
        const visit = await ask(client, parameters);
        expect([visit.status, responseOf(visit).get('error')]).toEqual([303, error]);
      }
      const posted = await ask(client, { scope: 'nope', response_mode: 'form_post' });
      expect(posted.body).toContain(`action="${REDIRECT_URI}"`);
    });
  });

  test('[AS-55 AS-59 RFC 9700 §4.11.2] trust that the owner’s edit has ended does not redirect', async () => {
    const client = await suite.server.register({ ...FOR_USERS, userId: 'bob' });
    const evil = 'https://evil.example/callback';
    await suite.server.oauth2.applications.update(client.clientId, { redirectUris: [evil] }, { ownedBy: 'bob' });
    const visit = await ask(client, { redirect_uri: evil, scope: 'nope' });
    expectNoWayOut(visit);
    expect(visit.status).toBe(400);
  });

  describe('after a sign-out', () => {
    const BYE = 'https://evil.example/bye';
    const signOut = async (client: TestClient, agent: UserAgent, fields: Record<string, string>) => {
      const query = new URLSearchParams({ client_id: client.clientId, post_logout_redirect_uri: BYE, state: 'x' });
      const page = await agent.get(`/oauth2/logout?${query}`);
      const [form] = formsOf(page);
      if (form === undefined) throw new Error(`There is no form: ${page.body}`);
      return agent.send(form, fields);
    };

    test.each(STRANGERS)(
      '[AS-59 RP-Initiated Logout §3] where nobody was signed in, the address of an application registered by %s is a link',
      async (_registrar, application) => {
        const client = await suite.server.register({ ...application, postLogoutRedirectUris: [BYE] });
        for (const fields of [{ logout: 'yes' }, {}] as Record<string, string>[]) {
          const visit = await signOut(client, suite.agent(), fields);
          expectNoWayOut(visit);
          expect([visit.status, linkOn(visit).href]).toEqual([200, `${BYE}?state=x`]);
        }
        // Disabled while the page was open.
        const agent = suite.agent();
        const query = new URLSearchParams({ client_id: client.clientId, post_logout_redirect_uri: BYE });
        const page = await agent.get(`/oauth2/logout?${query}`);
        await suite.server.oauth2.applications.disable(client.clientId);
        expectNoWayOut(await agent.submit(page, { logout: 'yes' }));
      },
    );

    test('[AS-59 RP-Initiated Logout §3] whoever was signed in is sent on, and everybody is by a trusted application', async () => {
      const [, strangers] = STRANGERS[0] as (typeof STRANGERS)[0];
      const client = await suite.server.register({ ...strangers, postLogoutRedirectUris: [BYE] });
      const agent = await signIn(suite.agent(), 'alice');
      expect(targetOf(await signOut(client, agent, { logout: 'yes' })).href).toBe(`${BYE}?state=x`);
      for (const [, application] of TRUSTED) {
        const trusted = await suite.server.register({ ...application, postLogoutRedirectUris: [BYE] });
        expect(targetOf(await signOut(trusted, suite.agent(), { logout: 'yes' })).href).toBe(`${BYE}?state=x`);
      }
    });
  });

  test.each(['query', 'form_post'])(
    '[AS-25 RFC 9700 §2.1] an address that is taken from the application while its user is asked gets no code and no error by %s',
    async (mode) => {
      for (const decision of ['allow', 'deny']) {
        const client = await suite.server.register(FOR_USERS);
        const agent = await signIn(suite.agent(), 'alice');
        const consent = await ask(client, { response_mode: mode }, agent);
        await suite.server.oauth2.applications.update(client.clientId, { redirectUris: ['https://new.example/'] });
        const visit = await agent.submit(consent, { decision });
        expectNoWayOut(visit);
        expect([visit.status, visit.body]).toEqual([400, expect.stringContaining('invalid_redirect_uri')]);
        expect(visit.body).not.toContain('app.example.com');
      }
    },
  );

  test('[AS-25 RFC 9700 §4.11.2] where the address is not registered there is no link either', async () => {
    const client = await suite.server.register(STRANGERS[0]?.[1]);
    const visit = await ask(client, { redirect_uri: 'https://evil.example/', scope: 'nope' });
    expectNoWayOut(visit);
    expect(visit.body).not.toContain('evil.example');
  });
});

describe.each(STACKS)('before somebody is signed in at the host, on %s', (name) => {
  let signedIn: string | undefined;
  const suite = useAuthorizationServer(name, {
    options: {
      authenticate: undefined,
      login: { url: () => '/login', userId: () => signedIn },
      ownerScopes: ['read'],
    },
  });

  test('[AS-59 RFC 9700 §4.11.2] a session of ours that the host knows nothing of any more is none', async () => {
    const client = await suite.server.register(STRANGERS[0]?.[1]);
    const agent = suite.agent();
    const ask = (parameters: Parameters) => agent.get(`/oauth2/authorize?${authorization(client, parameters).query}`);
    signedIn = 'alice';
    expect((await ask({})).body).toContain('name="decision"');
    expect(responseOf(await ask({ scope: 'nope' })).get('error')).toBe('invalid_scope');
    for (const other of [undefined, 'bob']) {
      signedIn = other;
      expectNoWayOut(await ask({ scope: 'nope' }));
      expectNoWayOut(await ask({ prompt: 'none' }));
    }
  });
});
