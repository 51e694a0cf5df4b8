import { describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../src/core/logger.js';
import type { NewApplication } from '../../../src/storage/index.js';
import { authorization, authorize, REDIRECT_URI, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  DEVICE_CODE,
  expectError,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';
import { formsOf, type UserAgent } from '../../support/user-agent.js';

const OWNERS: Partial<NewApplication> = { ...FOR_USERS, userId: 'bob', registeredBy: 'owner' };
const STRANGERS: Partial<NewApplication> = { ...FOR_USERS, registeredBy: 'registration' };
const MACHINE = { grantTypes: ['client_credentials'] };

/** Signs a user in at the pages. */
async function signIn(agent: UserAgent, user: string): Promise<UserAgent> {
  const page = await agent.get('/oauth2/sign-in');
  await agent.submit(page, { username: user, password: [...user].reverse().join('') });
  return agent;
}

const listedIn = (body: string) =>
  [...body.matchAll(/name="(?:scope|grant_type)" type="checkbox" value="([^"]+)"/g)].map(([, name]) => name);

describe.each(STACKS)('applications of users and strangers by default, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { dynamicRegistration: {} } });
  const register = (metadata: unknown) =>
    suite.send('/oauth2/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'x', redirect_uris: [REDIRECT_URI], ...(metadata as object) }),
    });

  test('[AS-53 ASVS V10.4.7] a stranger registers no scope and no client credentials', async () => {
    for (const scope of ['read', 'admin', 'introspection', 'openid', 'offline_access']) {
      const answer = await register({ scope });
      expect([scope, answer.status, answer.body.error]).toEqual([scope, 400, 'invalid_client_metadata']);
    }
    const machine = await register({ grant_types: ['client_credentials'], response_types: [], redirect_uris: [] });
    expect([machine.status, machine.body.error]).toEqual([400, 'invalid_client_metadata']);
    const { status, body } = await register({ token_endpoint_auth_method: 'none' });
    expect(status).toBe(201);
    const client = { clientId: String(body.client_id), clientSecret: '' };
    for (const scope of ['read', 'openid']) {
      const visit = await suite.agent().get(`/oauth2/authorize?${authorization(client, { scope }).query}`);
      expect(visit.body + visit.headers.get('location')).toContain('invalid_scope');
    }
  });

  test.each([
    ['an owner', { ...OWNERS, scopes: null }],
    ['an owner, with a list', { ...OWNERS, scopes: ['read', 'introspection'] }],
    ['a stranger', { ...STRANGERS, scopes: null }],
    ['a stranger, with a list', { ...STRANGERS, scopes: ['read', 'introspection'] }],
  ] as [string, Partial<NewApplication>][])(
    '[AS-53 ASVS V10.4.7] what %s had registered before gives nothing now, at any endpoint',
    async (_who, application) => {
      const client = await suite.server.register({
        ...application,
        grantTypes: [...FOR_USERS.grantTypes, ...MACHINE.grantTypes],
      });
      const own = { grant_type: 'client_credentials', scope: 'read' };
      expectError(await suite.token(own, client), 400, 'unauthorized_client');
      expectError(
        await suite.token({ ...own, resource: 'https://nowhere.example' }, client),
        400,
        'unauthorized_client',
      );
      expectError(await suite.post('/oauth2/device_authorization', { scope: 'read' }, client), 400, 'invalid_scope');
      const { query } = authorization(client);
      expectError(await suite.post('/oauth2/par', query.toString(), client), 400, 'invalid_scope');
      const visit = await suite.agent().get(`/oauth2/authorize?${query}`);
      expect(visit.body + visit.headers.get('location')).toContain('invalid_scope');
      const { tokens } = suite.server.oauth2;
      await expect(tokens.issue({ application: client.clientId, scope: 'read', user: 'bob' })).rejects.toThrow(
        /not allowed/,
      );
      const other = await suite.ownToken(await suite.server.register(MACHINE));
      expect((await suite.introspect(client, other)).body).toEqual({ active: false });
    },
  );

  test('[AS-53 ASVS V10.4.7] an owner’s form offers no scope and no client credentials, and takes none', async () => {
    const agent = await signIn(suite.agent(), 'bob');
    const page = await agent.get('/oauth2/applications/new');
    expect(listedIn(page.body)).toEqual(['authorization_code', 'refresh_token', DEVICE_CODE]);
    const form = formsOf(page).find(({ action }) => action.endsWith('/new'));
    if (form === undefined) throw new Error('There is no form.');
    const { scope: _scope, ...hidden } = form.fields;
    const sent = { ...hidden, name: 'mine', client_type: 'confidential', redirect_uris: REDIRECT_URI };
    const code = 'authorization_code';
    for (const wrong of [
      { grant_type: code, scope: 'read' },
      { grant_type: code, scope: 'openid' },
      { grant_type: 'client_credentials' },
    ]) {
      expect((await agent.send({ ...form, fields: { ...sent, ...wrong } as Record<string, string> })).status).toBe(422);
    }
    const names = (await suite.server.oauth2.applications.list({ userId: 'bob' })).map(({ name: one }) => one);
    expect(names).not.toContain('mine');
    const good = await agent.send({ ...form, fields: { ...sent, grant_type: code } });
    expect([good.status, good.body]).toEqual([200, expect.stringContaining('The application was registered.')]);
  });

  test('[AS-53 ASVS V10.4.7] scopes and grants that staff gives an owner’s application hold', async () => {
    const client = await suite.server.register(OWNERS);
    await suite.server.oauth2.applications.update(client.clientId, {
      scopes: ['read'],
      grantTypes: ['authorization_code', 'client_credentials'],
    });
    expect(await suite.ownToken(client)).toMatch(/./);
    expectError(await suite.token({ grant_type: 'client_credentials', scope: 'write' }, client), 400, 'invalid_scope');
    expect((await suite.tokens(client)).scope).toBe('read');
  });

  test('[AS-53 ASVS V10.4.7] start-up says that applications of users get no scope', () => {
    expect(suite.log.filter((message) => message.includes('ownerScopes'))).toHaveLength(1);
  });
});

describe.each(STACKS)('what the options give applications of users and strangers, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: {
      ownerScopes: ['read', 'openid'],
      ownerGrantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
      dynamicRegistration: { scopes: ['write'], grantTypes: ['authorization_code'] },
    },
  });

  test('[AS-53 ASVS V10.4.7] an owner’s application gets what is listed and no more', async () => {
    const client = await suite.server.register({
      ...OWNERS,
      grantTypes: ['authorization_code', 'client_credentials', DEVICE_CODE],
      scopes: null,
    });
    expect((await suite.tokens(client, { scope: 'openid read' })).scope).toBe('openid read');
    expect(await suite.ownToken(client)).toMatch(/./);
    expectError(
      await suite.token({ grant_type: 'client_credentials', scope: 'read write' }, client),
      400,
      'invalid_scope',
    );
    expectError(
      await suite.post('/oauth2/device_authorization', { scope: 'read' }, client),
      400,
      'unauthorized_client',
    );
    expect(suite.log.filter((message) => message.includes('ownerScopes'))).toEqual([]);
  });

  test('[AS-53 ASVS V10.4.7] what registers itself gets what is listed for that, and all of it where it names nothing', async () => {
    const answer = await suite.send('/oauth2/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [REDIRECT_URI] }),
    });
    expect(answer.status).toBe(201);
    const client = { clientId: String(answer.body.client_id), clientSecret: String(answer.body.client_secret) };
    expect((await suite.tokens(client, { scope: 'write' })).scope).toBe('write');
    const stored = await suite.server.oauth2.applications.findByClientId(client.clientId);
    expect(stored).toMatchObject({ registeredBy: 'registration', scope: 'write' });
  });

  test('[AS-53 ASVS V10.4.7] a refresh gives no more than the options list now', async () => {
    const client = await suite.server.register({ ...FOR_USERS, scopes: ['read', 'write'] });
    const { refresh_token: refreshToken } = await suite.tokens(client, { scope: 'read write' });
    // As an owner's edit does it; the options could have changed as well.
    await suite.server.oauth2.applications.update(client.clientId, { userId: 'bob', registeredBy: 'owner' });
    const answer = await suite.refresh(client, refreshToken);
    expect([answer.status, answer.body.scope]).toEqual([200, 'read']);
  });
});

describe.each(STACKS)('what a user may have, on %s', (name) => {
  const held = new Map<string, unknown>();
  const asked: unknown[] = [];
  let mayGrant: (user: unknown, scopes: readonly string[]) => unknown = () => true;
  const suite = useAuthorizationServer(name, {
    // Some faults are meant here.
    logger: silentLogger,
    options: {
      claims: {
        of: ({ id }: { id: string }) => ({ badge: 'reader', shelf: `${id}’s` }),
        scopes: { read: ['badge'], write: ['shelf'] },
        idToken: ['shelf'],
      } as never,
      scopesOf: (user) => (held.get((user as { id: string }).id) ?? ['read']) as string[],
      mayGrant: (user, application, scopes) => {
        asked.push([(user as { id: string }).id, application.clientId, scopes]);
        return mayGrant(user, scopes) as boolean;
      },
    },
  });
  const all = (): void => {
    held.clear();
    held.set('alice', ['read', 'write', 'api']);
    mayGrant = () => true;
  };
  const client = (application: Partial<NewApplication> = {}): Promise<TestClient> =>
    suite.server.register({ ...FOR_USERS, ...application });

  test('[AS-53 ASVS V10.4.7] the consent page shows, and gives, only what the user may have', async () => {
    all();
    const app = await client();
    const request = authorization(app, { scope: 'read write openid' });
    const agent = await signIn(suite.agent(), 'bob');
    const page = await agent.get(`/oauth2/authorize?${request.query}`);
    expect(page.body).toContain('Read your books');
    expect(page.body).not.toContain('Change your books');
    const code = responseOf(await agent.submit(page, { decision: 'allow' })).get('code') ?? '';
    const answer = await suite.exchange(app, { code, verifier: request.verifier });
    expect([answer.status, answer.body.scope]).toEqual([200, 'read openid']);
    expect(asked).toContainEqual(['bob', app.clientId, ['read', 'openid']]);
    expect((await suite.tokens(app, { scope: 'read write' })).scope).toBe('read write');
  });

  test('[AS-53 ASVS V10.4.7] with nothing left there is no question and no code', async () => {
    all();
    for (const application of [{}, { skipAuthorization: true }]) {
      const app = await client(application);
      for (const scope of ['write', 'write offline_access', 'write api']) {
        const visit = await authorize(suite.agent(), authorization(app, { scope }), { user: 'bob' });
        expect(visit.body).toContain('access_denied');
        expect([visit.status, visit.headers.get('location')]).toEqual([403, null]);
      }
      const agent = await signIn(suite.agent(), 'bob');
      const silent = await authorize(agent, authorization(app, { scope: 'write', prompt: 'none' }));
      expect(responseOf(silent).get('error')).toBe('access_denied');
    }
  });

  test('[AS-53 ASVS V10.4.7] who may not have it can be replaced by who may (prompt=login)', async () => {
    all();
    const app = await client();
    const agent = await signIn(suite.agent(), 'bob');
    const visit = await authorize(agent, authorization(app, { scope: 'write', prompt: 'login' }), { user: 'alice' });
    expect(responseOf(visit).get('code')).toMatch(/./);
  });

  test.each([
    ['a remembered consent', {}, undefined],
    ['skipAuthorization', { skipAuthorization: true }, undefined],
    ['prompt=none', {}, 'none'],
    ['prompt=consent', {}, 'consent'],
  ] as [string, Partial<NewApplication>, string | undefined][])(
    '[AS-53 ASVS V10.4.7] %s gives no scope that was taken from the user',
    async (_what, application, prompt) => {
      all();
      const app = await client(application);
      const agent = suite.agent();
      expect((await suite.tokens(app, { scope: 'read write' }, { agent })).scope).toBe('read write');
      held.set('alice', ['read']);
      expect((await suite.tokens(app, { scope: 'read write', prompt }, { agent })).scope).toBe('read');
    },
  );

  test('[AS-53 ASVS V10.4.7] a scope taken between consent and exchange is in no token', async () => {
    all();
    const app = await client();
    const code = await suite.code(app, { scope: 'read write' });
    held.set('alice', ['read']);
    const answer = await suite.exchange(app, code);
    expect(answer.body.scope).toBe('read');
    held.set('alice', ['read', 'write']);
    const refreshed = await suite.refresh(app, String(answer.body.refresh_token));
    expect(refreshed.body.scope).toBe('read');
  });

  test('[AS-53 ASVS V10.4.7] a scope taken from a user leaves at the next refresh; with none left there is no token', async () => {
    all();
    const app = await client();
    const first = await suite.tokens(app, { scope: 'read write openid' });
    held.set('alice', ['read']);
    const second = await suite.refresh(app, first.refresh_token);
    expect([second.status, second.body.scope]).toEqual([200, 'read openid']);
    expect((await suite.introspect(app, String(second.body.access_token))).body.scope).toBe('read openid');
    const asking = await suite.refresh(app, String(second.body.refresh_token), { scope: 'write' });
    expectError(asking, 400, 'invalid_grant');
    mayGrant = () => false;
    expectError(await suite.refresh(app, String(second.body.refresh_token)), 400, 'invalid_grant');
    all();
    expect((await suite.refresh(app, String(second.body.refresh_token))).body.scope).toBe('read write openid');
  });

  test('[AS-53 ASVS V10.4.7] userinfo and ID tokens tell nothing that belongs to a scope which the user or the application has lost, whatever the access token holds', async () => {
    all();
    const app = await client({ scopes: ['openid', 'read', 'write'] });
    const tokens = await suite.tokens(app, { scope: 'openid read write' });
    const userinfo = async (token: string, query = '') => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await suite.send(`/oauth2/userinfo${query}`, { headers });
      return [answer.status, answer.status === 200 ? Object.keys(answer.body).sort() : answer.body.error];
    };
    const told = ({ id_token: idToken }: { readonly id_token?: unknown }) =>
      JSON.parse(Buffer.from(String(idToken).split('.')[1] ?? '', 'base64url').toString()).shelf;
    expect(await userinfo(tokens.access_token)).toEqual([200, ['badge', 'shelf', 'sub']]);
    expect(told(tokens)).toBe('alice’s');
    held.set('alice', ['read']);
    expect(await userinfo(tokens.access_token)).toEqual([200, ['badge', 'sub']]);
    const refreshed = await suite.refresh(app, tokens.refresh_token);
    expect(told(refreshed.body)).toBeUndefined();
    mayGrant = () => ['write'];
    expect(await userinfo(tokens.access_token)).toEqual([403, 'insufficient_scope']);
    all();
    expect(await userinfo(tokens.access_token)).toEqual([200, ['badge', 'shelf', 'sub']]);
    await suite.server.oauth2.applications.update(app.clientId, { scopes: ['openid', 'write'] });
    expect(await userinfo(tokens.access_token)).toEqual([200, ['shelf', 'sub']]);
  });

  test('[AS-53 ASVS V10.4.7] a device gets only what its user may have', async () => {
    all();
    const app = await client();
    const begun = await suite.post('/oauth2/device_authorization', { scope: 'read write' }, app);
    const agent = await signIn(suite.agent(), 'bob');
    let page = await agent.get('/oauth2/device');
    page = await agent.submit(page, { user_code: String(begun.body.user_code) });
    expect(page.body).not.toContain('Change your books');
    page = await agent.submit(page, { confirm: 'yes' });
    if (page.body.includes('name="decision"')) {
      expect(page.body).not.toContain('Change your books');
      await agent.submit(page, { decision: 'allow' });
    }
    const form = { grant_type: DEVICE_CODE, device_code: String(begun.body.device_code) };
    expect((await suite.token(form, app)).body.scope).toBe('read');

    const denied = await suite.post('/oauth2/device_authorization', { scope: 'write' }, app);
    page = await agent.submit(await agent.get('/oauth2/device'), { user_code: String(denied.body.user_code) });
    page = await agent.submit(page, { confirm: 'yes' });
    expect(page.body).toContain('The device was refused');
    expectError(
      await suite.token({ ...form, device_code: String(denied.body.device_code) }, app),
      400,
      'access_denied',
    );
  });

  test('[AS-53 ASVS V10.4.7] TokenService.issue gives a user nothing that he may not have', async () => {
    all();
    const { clientId } = await client();
    const { tokens } = suite.server.oauth2;
    await expect(tokens.issue({ application: clientId, user: 'bob', scope: 'read write' })).rejects.toThrow(
      /The user may not grant/,
    );
    expect((await tokens.issue({ application: clientId, user: 'bob', scope: 'read' })).scope).toBe('read');
    expect((await tokens.issue({ application: clientId, scope: 'write' })).scope).toBe('write');
  });

  test('[AS-53 ASVS V10.4.7] mayGrant may answer with a list', async () => {
    all();
    mayGrant = (_user, scopes) => scopes.filter((scope) => scope !== 'api');
    expect((await suite.tokens(await client(), { scope: 'read api' })).scope).toBe('read');
  });

  test('[AS-53 ALL-64] a hook that is unavailable is 503; one that fails, or answers what cannot be, is 500', async () => {
    all();
    const app = await client();
    const { refresh_token: refreshToken } = await suite.tokens(app);
    const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const fails: [number, () => unknown][] = [
      [
        503,
        () => {
          throw away;
        },
      ],
      [503, () => Promise.reject(away)],
      [
        500,
        () => {
          throw new Error('a fault');
        },
      ],
      [500, () => undefined],
      [500, () => 'read'],
    ];
    for (const [status, answer] of fails) {
      mayGrant = answer;
      expect((await suite.refresh(app, refreshToken)).status).toBe(status);
      const agent = await signIn(suite.agent(), 'alice');
      expect((await agent.get(`/oauth2/authorize?${authorization(app).query}`)).status).toBe(status);
    }
    all();
    expect((await suite.refresh(app, refreshToken)).status).toBe(200);
  });
});
