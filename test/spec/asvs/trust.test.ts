import { describe, expect, test } from '@jest/globals';
import type { NewApplication } from '../../../src/storage/index.js';
import { authorization, authorize, REDIRECT_URI, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { formsOf, type UserAgent, type Visit } from '../../support/user-agent.js';

const EVIL = 'https://evil.example/callback';

async function signIn(agent: UserAgent, user: string): Promise<UserAgent> {
  const page = await agent.get('/oauth2/sign-in');
  await agent.submit(page, { username: user, password: [...user].reverse().join('') });
  return agent;
}

/** Sends the form of a page, with what is checked in it, and with other fields in the place of some. */
function edit(
  agent: UserAgent,
  page: Visit,
  changes: Readonly<Record<string, string | readonly string[]>>,
): Promise<Visit> {
  const form = formsOf(page).find(({ action }) => action.endsWith('/edit'));
  if (form === undefined) throw new Error(`There is no form: ${page.status} ${page.body}`);
  const checked = [...page.body.matchAll(/<input[^>]*name="([^"]+)" type="checkbox" value="([^"]+)" checked/g)];
  const boxes = new Set([...page.body.matchAll(/name="([^"]+)" type="checkbox"/g)].map(([, name = '']) => name));
  const area = (name: string) =>
    new RegExp(`<textarea[^>]*name="${name}"[^>]*>\\n?([^<]*)</textarea>`).exec(page.body)?.[1] ?? '';
  const pairs: [string, string][] = [
    ...Object.entries(form.fields).filter(([name]) => !boxes.has(name) && !name.endsWith('redirect_uris')),
    ...['redirect_uris', 'post_logout_redirect_uris'].map((name): [string, string] => [name, area(name)]),
    ...checked.map(([, name = '', value = '']): [string, string] => [name, value]),
  ];
  const kept = pairs.filter(([name]) => !(name in changes));
  const changed = Object.entries(changes).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value as string]),
  );
  return agent.send({ ...form, fields: {} }, {}, [...kept, ...changed]);
}

describe.each(STACKS)('what staff trusts, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: {
      ownerScopes: ['read', 'openid'],
      isStaff: (user) => (user as { id: string }).id === 'carol',
    },
  });
  const told: unknown[] = [];
  const register = async (more: Partial<NewApplication> = {}): Promise<TestClient> => {
    const client = await suite.server.register({
      ...FOR_USERS,
      scopes: ['read'],
      registeredBy: 'owner',
      userId: 'bob',
      ...more,
    });
    suite.server.oauth2.events.on('application.trustCleared', (event) => {
      if (event.clientId === client.clientId) told.push(event);
    });
    return client;
  };
  const stored = async ({ clientId }: TestClient) => suite.server.oauth2.applications.findByClientId(clientId);
  const pageOf = ({ clientId }: TestClient, area = '/applications') => `/oauth2${area}/${encodeURIComponent(clientId)}`;

  test.each([
    ['redirect URIs', { redirect_uris: EVIL }],
    ['one redirect URI more', { redirect_uris: `${REDIRECT_URI}\n${EVIL}` }],
    ['post-logout URIs', { post_logout_redirect_uris: EVIL }],
    ['scopes', { scope: ['read', 'openid'] }],
    ['grant types', { grant_type: ['authorization_code'] }],
  ] as [string, Record<string, string | string[]>][])(
    '[AS-55 ASVS V10.4.7] an owner who edits the %s is told before and after; staff sees it, and it is an event',
    async (_what, changes) => {
      const client = await register();
      const carol = await signIn(suite.agent(), 'carol');
      const staffForm = await carol.get(`${pageOf(client, '/staff/applications')}/edit`);
      await edit(carol, staffForm, { skip_authorization: 'yes' });
      await suite.server.oauth2.applications.update(client.clientId, { mayIntrospect: true });
      expect(await stored(client)).toMatchObject({ skipAuthorization: true, registeredBy: 'owner' });

      const bob = await signIn(suite.agent(), 'bob');
      const form = await bob.get(`${pageOf(client)}/edit`);
      expect(form.body).toContain('Staff trusts this application as it is.');
      const count = told.length;
      const saved = await edit(bob, form, changes);
      expect(saved.body).toContain('it is no longer trusted by staff');
      expect(await stored(client)).toMatchObject({ skipAuthorization: false, mayIntrospect: false });
      expect(told.slice(count)).toEqual([
        { clientId: client.clientId, userId: 'bob', cleared: ['skipAuthorization', 'mayIntrospect'] },
      ]);
      const staffPage = await carol.get(pageOf(client, '/staff/applications'));
      expect(staffPage.body).toContain('Its owner changed this application on');
      expect((await bob.get(`${pageOf(client)}/edit`)).body).not.toContain('Staff trusts this application');

      await suite.server.oauth2.applications.update(client.clientId, { skipAuthorization: true });
      expect((await carol.get(pageOf(client, '/staff/applications'))).body).not.toContain('Its owner changed');
    },
  );

  test('[AS-55 ASVS V10.4.7] after his edit the users of the application are asked, also those who were not before', async () => {
    const client = await register({ skipAuthorization: true });
    const agent = suite.agent();
    await suite.code(client, {}, { agent });
    const bob = await signIn(suite.agent(), 'bob');
    await edit(bob, await bob.get(`${pageOf(client)}/edit`), { redirect_uris: EVIL });
    const page = await agent.get(`/oauth2/authorize?${authorization(client, { redirect_uri: EVIL }).query}`);
    expect(page.body).toContain('name="decision"');
  });

  test('[AS-55 ASVS V10.4.7] another name, or nothing new, ends nothing; an owner cannot send the flags', async () => {
    const client = await register({ skipAuthorization: true, mayIntrospect: true });
    const bob = await signIn(suite.agent(), 'bob');
    const count = told.length;
    await edit(bob, await bob.get(`${pageOf(client)}/edit`), { name: 'Another' });
    expect(await stored(client)).toMatchObject({ name: 'Another', skipAuthorization: true, mayIntrospect: true });
    const plain = await register();
    const form = await bob.get(`${pageOf(plain)}/edit`);
    await edit(bob, form, {
      skip_authorization: 'yes',
      any_scope: 'yes',
      may_introspect: 'yes',
      registered_by: 'host',
    });
    expect(await stored(plain)).toMatchObject({
      ...{ skipAuthorization: false, mayIntrospect: false, scope: 'read', registeredBy: 'owner' },
    });
    expect(told.length).toBe(count);
  });

  test('[AS-55 ASVS V10.4.7] edits by staff and by the host’s code keep the flags', async () => {
    const client = await register({ skipAuthorization: true });
    const carol = await signIn(suite.agent(), 'carol');
    await edit(carol, await carol.get(`${pageOf(client, '/staff/applications')}/edit`), { redirect_uris: EVIL });
    expect(await stored(client)).toMatchObject({ skipAuthorization: true, redirectUris: EVIL });
    await suite.server.oauth2.applications.update(client.clientId, { redirectUris: [REDIRECT_URI] });
    expect(await stored(client)).toMatchObject({ skipAuthorization: true });
  });

  test('[AS-53 ASVS V10.4.7] what staff leaves as it is on its form is not approved by that', async () => {
    const client = await register({ scopes: ['read', 'write', 'introspection'] });
    const carol = await signIn(suite.agent(), 'carol');
    const form = `${pageOf(client, '/staff/applications')}/edit`;
    await edit(carol, await carol.get(form), { name: 'Corrected' });
    const refused = await authorize(suite.agent(), authorization(client, { scope: 'write' }));
    expect(refused.body).toContain('invalid_scope');
    await edit(carol, await carol.get(form), { scope: ['read', 'write'] });
    expect((await suite.tokens(client, { scope: 'read write' })).scope).toBe('read write');
  });

  test('[AS-55 OpenID Core §3.1.2.4] applications whose users are not asked are listed, and can be withdrawn', async () => {
    const client = await register({ skipAuthorization: true, name: 'Trusted by staff' });
    const agent = suite.agent();
    const { access_token: token, refresh_token: refreshToken } = await suite.tokens(client, {}, { agent });
    const list = '/oauth2/authorized-applications';
    const page = await agent.get(list);
    expect(page.body).toContain('Trusted by staff');
    expect(page.body).toContain('without asking');
    expect(page.body).toContain('Read your books');
    // Not in the list of others.
    expect((await (await signIn(suite.agent(), 'bob')).get(list)).body).not.toContain('Trusted by staff');

    const ask = await agent.get(`${list}/${encodeURIComponent(client.clientId)}/withdraw`);
    expect(ask.body).toContain('it gets access again without asking');
    const form = formsOf(ask).find(({ action }) => action.endsWith('/withdraw'));
    if (form === undefined) throw new Error(`There is no form: ${ask.body}`);
    const done = await agent.send(form);
    expect(done.body).not.toContain('Trusted by staff');
    expect(await suite.isActive(client, token)).toBe(false);
    expect((await suite.refresh(client, refreshToken)).body.error).toBe('invalid_grant');
    // As the page says.
    expect(responseOf(await agent.get(`/oauth2/authorize?${authorization(client).query}`)).get('code')).toMatch(/./);
    expect((await agent.get(list)).body).toContain('Trusted by staff');
  });

  test('[AS-55 OpenID Core §3.1.2.4] what was given without asking is no consent once staff’s word is withdrawn', async () => {
    const client = await register({ skipAuthorization: true });
    const agent = suite.agent();
    await suite.code(client, {}, { agent });
    await suite.server.oauth2.applications.update(client.clientId, { skipAuthorization: false });
    const page = await agent.get(`/oauth2/authorize?${authorization(client).query}`);
    expect(page.body).toContain('name="decision"');
    await agent.submit(page, { decision: 'allow' });
    const again = await agent.get(`/oauth2/authorize?${authorization(client).query}`);
    expect(responseOf(again).get('code')).toMatch(/./);
  });
});
