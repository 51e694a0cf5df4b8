import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Agent, Answer } from './agent.js';
import { CALLBACK, only, PagesServer } from './pages-server.js';

/** The secret on a page, if there is one. */
function secretOn(answer: Answer): string | undefined {
  return /<code id="client-secret">([^<]*)<\/code>/.exec(answer.html)?.[1];
}

describe('applications of users', () => {
  let pages: PagesServer;

  beforeAll(async () => {
    pages = await PagesServer.start();
  });

  afterAll(() => pages.close());

  const entered = { name: 'Mine', client_type: 'confidential', grant_type: 'authorization_code' };

  async function register(agent: Agent, fields: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const form = only(await agent.get('/oauth2/applications/new'));
    const { grant_type: _grants, ...rest } = form.fields;
    return agent.post(form.action, { ...rest, ...entered, redirect_uris: CALLBACK, ...fields });
  }

  function clientIdOf(answer: Answer): string {
    return decodeURIComponent(/\/applications\/([^/?]+)/.exec(answer.location)?.[1] ?? '');
  }

  test('[AS-37 §5.1.4.1.3] the secret of a new application is shown once, and never in a URL or cookie in plain text', async () => {
    const agent = await pages.signedIn('alice');
    const answer = await register(agent);
    expect(answer.status).toBe(303);
    const shown = await agent.get(answer.location);
    const secret = secretOn(shown) ?? '';
    expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(answer.location).not.toContain(secret);
    expect(answer.headers.getSetCookie().join()).not.toContain(secret);
    expect(answer.headers.getSetCookie().join()).toMatch(
      /oauth2_new_secret_[0-9a-f]{10}=[^;]+; Path=\/; HttpOnly; SameSite=Lax/,
    );
    const again = await agent.get(answer.location);
    expect([again.status, secretOn(again)]).toEqual([200, undefined]);
    expect(again.html).not.toContain(secret);
    // It is the right one.
    const stored = await pages.server.oauth2.applications.findByClientId(clientIdOf(answer));
    expect(await stored?.checkSecret(secret)).toBe(true);
  });

  test('the secret is shown to nobody else, also not with the cookie', async () => {
    const alice = await pages.signedIn('alice');
    const answer = await register(alice);
    const carol = await pages.signedIn('carol');
    carol.cookies.set('oauth2_new_secret', alice.cookies.get('oauth2_new_secret') ?? '');
    const page = await carol.get(`/oauth2/staff/applications/${encodeURIComponent(clientIdOf(answer))}`);
    expect([page.status, secretOn(page)]).toEqual([200, undefined]);
    expect(secretOn(await alice.get(answer.location))).toBeDefined();
  });

  test('a new secret makes the old one invalid, and asks first', async () => {
    const agent = await pages.signedIn('alice');
    const clientId = clientIdOf(await register(agent));
    const url = `/oauth2/applications/${encodeURIComponent(clientId)}`;
    const old = secretOn(await agent.get(url)) ?? '';
    const ask = await agent.get(`${url}/secret`);
    expect(ask.heading).toBe('New secret?');
    const secret = secretOn(await agent.follow(await agent.submit(only(ask)))) ?? '';
    expect(secret).not.toBe(old);
    const stored = await pages.server.oauth2.applications.findByClientId(clientId);
    expect([await stored?.checkSecret(old), await stored?.checkSecret(secret)]).toEqual([false, true]);
  });

  test('a secret may overlap with the new one, for a time that is offered', async () => {
    const agent = await pages.signedIn('alice');
    const clientId = clientIdOf(await register(agent));
    const url = `/oauth2/applications/${encodeURIComponent(clientId)}`;
    const old = secretOn(await agent.get(url)) ?? '';
    const ask = await agent.get(`${url}/secret`);
    expect(ask.html).toContain('<option value="86400">stays valid for a day</option>');
    expect((await agent.submit(only(ask), { overlap: '86401' })).status).toBe(400);
    const before = Date.now();
    const secret = secretOn(await agent.follow(await agent.submit(only(ask), { overlap: '86400' }))) ?? '';
    const stored = await pages.server.oauth2.applications.findByClientId(clientId);
    expect([await stored?.checkSecret(old), await stored?.checkSecret(secret)]).toEqual([true, true]);
    const overlap = Number(stored?.previousSecretExpiresAtMilliseconds) - before;
    expect(Math.round(overlap / 3_600_000)).toBe(24);
  });

  test('staff sets lifetimes, sees them and takes them away; an owner has no such fields, and sends them in vain', async () => {
    const alice = await pages.signedIn('alice');
    const clientId = clientIdOf(await register(alice));
    const path = encodeURIComponent(clientId);
    const lifetimes = async () => {
      const stored = await pages.server.oauth2.applications.findByClientId(clientId);
      return [stored?.accessTokenLifetimeSeconds, stored?.refreshTokenIdleSeconds];
    };
    const carol = await pages.signedIn('carol');
    const url = `/oauth2/staff/applications/${path}`;
    const edit = async (fields: Record<string, string>) =>
      carol.submit(only(await carol.get(`${url}/edit`)), { redirect_uris: CALLBACK, ...fields });
    const saved = await edit({ accessTokenLifetimeSeconds: '120', refreshTokenIdleSeconds: ' 600 ' });
    expect([saved.status, await lifetimes()]).toEqual([303, [120, 600]]);
    expect((await carol.get(url)).html).toContain('<dd>120 s</dd>');
    for (const wrong of ['0', 'x', '1.5', '-1', '315360001']) {
      const refused = await edit({ accessTokenLifetimeSeconds: wrong });
      expect([refused.status, refused.html.includes('enter 1 to 315360000 seconds')]).toEqual([422, true]);
    }
    const own = only(await alice.get(`/oauth2/applications/${path}/edit`));
    expect(JSON.stringify(own)).not.toContain('Lifetime');
    const answer = await alice.submit(own, {
      redirect_uris: CALLBACK,
      name: 'Renamed',
      accessTokenLifetimeSeconds: '999999',
    });
    expect([answer.status, await lifetimes()]).toEqual([303, [120, 600]]);
    await edit({ accessTokenLifetimeSeconds: '' });
    expect(await lifetimes()).toEqual([null, 600]);
  });

  test('an application is edited: what is not in the form stays', async () => {
    const agent = await pages.signedIn('alice');
    const clientId = clientIdOf(await register(agent, { scope: 'read' }));
    const url = `/oauth2/applications/${encodeURIComponent(clientId)}`;
    const form = only(await agent.get(`${url}/edit`));
    const answer = await agent.submit(form, { name: 'Renamed', redirect_uris: `${CALLBACK}\r\nhttps://b.example/cb` });
    expect(answer.location).toBe(`${url}?done=saved`);
    const stored = await pages.server.oauth2.applications.findByClientId(clientId);
    expect([stored?.name, stored?.redirectUris, stored?.clientType, stored?.scope, stored?.userId]).toEqual([
      'Renamed',
      `${CALLBACK} https://b.example/cb`,
      'confidential',
      'read',
      'alice',
    ]);
  });

  test('an application is deleted, and asks first', async () => {
    const agent = await pages.signedIn('alice');
    const clientId = clientIdOf(await register(agent));
    const ask = await agent.get(`/oauth2/applications/${encodeURIComponent(clientId)}/delete`);
    expect(ask.heading).toBe('Delete application?');
    const answer = await agent.submit(only(ask));
    expect(answer.location).toBe('/oauth2/applications?done=deleted');
    expect(await pages.server.oauth2.applications.findByClientId(clientId)).toBeUndefined();
    expect((await agent.submit(only(ask))).status).toBe(404);
  });

  test('the applications of others do not exist: 404 for every page and form', async () => {
    const alice = await pages.signedIn('alice');
    const bob = await pages.signedIn('bob');
    const clientId = clientIdOf(await register(alice, { name: 'Secretly hers' }));
    const url = `/oauth2/applications/${encodeURIComponent(clientId)}`;
    const own = clientIdOf(await register(bob));
    const deleteForm = only(await bob.get(`/oauth2/applications/${encodeURIComponent(own)}/delete`));
    for (const path of [url, `${url}/edit`, `${url}/secret`, `${url}/delete`]) {
      const answer = await bob.get(path);
      expect([answer.status, answer.html.includes('Secretly hers')]).toEqual([404, false]);
      if (path !== url) expect((await bob.post(path, deleteForm.fields)).status).toBe(404);
    }
    expect((await bob.get('/oauth2/applications')).html).not.toContain('Secretly hers');
    expect((await bob.get(url)).html).toBe((await bob.get('/oauth2/applications/never-existed')).html);
  });

  test('owners cannot give themselves what is for staff to give', async () => {
    const agent = await pages.signedIn('alice');
    const refused = await register(agent, { scope: 'introspection' });
    expect([refused.status, refused.heading]).toEqual([422, 'Register an application']);
    const clientId = clientIdOf(await register(agent, { any_scope: 'yes', skip_authorization: 'yes', user_id: 'bob' }));
    const stored = await pages.server.oauth2.applications.findByClientId(clientId);
    expect([stored?.scope, stored?.skipAuthorization, stored?.userId]).toEqual(['', false, 'alice']);
    const form = only(await agent.get(`/oauth2/applications/${encodeURIComponent(clientId)}/edit`));
    await agent.submit(form, { any_scope: 'yes', skip_authorization: 'yes', user_id: 'bob', client_type: 'public' });
    const edited = await pages.server.oauth2.applications.findByClientId(clientId);
    expect([edited?.scope, edited?.skipAuthorization, edited?.userId, edited?.clientType]).toEqual([
      '',
      false,
      'alice',
      'confidential',
    ]);
  });

  test.each([
    ['no name', { name: '  ' }, 'name'],
    ['too long a name', { name: 'a'.repeat(256) }, 'name'],
    ['no redirect URI', { redirect_uris: '' }, 'redirectUris'],
    ['a redirect URI that is none', { redirect_uris: 'not a URI' }, 'redirectUris'],
    ['a redirect URI that is a script', { redirect_uris: 'javascript:alert(1)' }, 'redirectUris'],
    ['a redirect URI with fragment', { redirect_uris: 'https://a.example/#x' }, 'redirectUris'],
    ['a grant type that is none', { grant_type: 'password' }, 'grantTypes'],
    ['client credentials without a secret', { grant_type: 'client_credentials', client_type: 'public' }, 'grantTypes'],
    ['a type that is none', { client_type: 'trusted' }, 'clientType'],
    ['a scope that is none', { scope: 'nope' }, 'scopes'],
  ])('%s is said at the field, and what was entered stays', async (_name, fields, field) => {
    const agent = await pages.signedIn('bob');
    const answer = await register(agent, { name: 'Kept', ...fields });
    expect([answer.status, answer.heading]).toEqual([422, 'Register an application']);
    expect(answer.html).toContain(`<a href="#${field}">`);
    expect(answer.html).toContain(`id="${field}"`);
    expect(only(answer).fields.name).toBe({ name: 'Kept', ...fields }.name);
  });

  test('the redirect URI that is refused is named, among others that are right', async () => {
    const agent = await pages.signedIn('bob');
    const uris = ['https://a.example/cb', 'myapp://<b>cb', 'https://b.example/cb'].join('\n');
    const answer = await register(agent, { redirect_uris: uris, client_type: 'public' });
    expect(answer.status).toBe(422);
    expect(answer.html).toContain('Not usable: myapp://&lt;b&gt;cb</a>');
  });

  test('hostile names are shown as text, and turn nothing around', async () => {
    const name = '<script>alert(1)</script>"\' onload=x \u202egnihsihp';
    const agent = await pages.signedIn('alice');
    expect((await register(agent, { name, scope: 'openid' })).status).toBe(422);
    // One from before there was a rule for names.
    const answer = await register(agent, { scope: 'openid' });
    const clientId = clientIdOf(answer);
    await pages.server.oauth2.knex('oauth2_applications').where({ client_id: clientId }).update({ name });
    const other = pages.agent();
    const client = { clientId, clientSecret: '' };
    const texts = [
      await agent.get(answer.location),
      await agent.get('/oauth2/applications'),
      await agent.get(`/oauth2/applications/${clientId}/edit`),
      await agent.get(`/oauth2/applications/${clientId}/delete`),
      await pages.authorize(other, client, { scope: 'openid' }),
    ];
    for (const { html } of texts) {
      expect(html).not.toContain('<script');
      expect(html).not.toContain('\u202e');
      expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;');
    }
  });
});

describe('all applications, for staff', () => {
  let pages: PagesServer;

  beforeAll(async () => {
    pages = await PagesServer.start();
  });

  afterAll(() => pages.close());

  test('the pages for staff are refused to others with 403, and to nobody at all with the sign-in page', async () => {
    const alice = await pages.signedIn('alice');
    const { clientId } = await pages.register();
    for (const path of ['applications', `applications/${clientId}`, `applications/${clientId}/edit`, 'tokens']) {
      expect((await alice.get(`/oauth2/staff/${path}`)).status).toBe(403);
      expect((await pages.agent().get(`/oauth2/staff/${path}`)).location).toContain('/oauth2/sign-in');
    }
    expect((await alice.post(`/oauth2/staff/applications/${clientId}/delete`, {})).status).toBe(403);
    expect((await alice.get('/oauth2/applications')).html).not.toContain('/oauth2/staff');
  });

  test('staff finds applications by client identifier and by owner', async () => {
    const carol = await pages.signedIn('carol');
    await pages.register({ name: 'Of alice', userId: 'alice' });
    const { clientId } = await pages.register({ name: 'Of bob', userId: 'bob', clientId: 'bobs-client' });
    const byUser = await carol.get('/oauth2/staff/applications?user_id=alice');
    expect([byUser.html.includes('Of alice'), byUser.html.includes('Of bob')]).toEqual([true, false]);
    const byClient = await carol.get(`/oauth2/staff/applications?client_id=${clientId.slice(0, 5)}`);
    expect([byClient.html.includes('Of alice'), byClient.html.includes('Of bob')]).toEqual([false, true]);
    expect((await carol.get(`/oauth2/staff/applications?user_id=${'x'.repeat(300)}`)).status).toBe(400);
  });

  test('staff disables an application, enables it again, and gives it to another user', async () => {
    const carol = await pages.signedIn('carol');
    const { clientId } = await pages.register({ name: 'Handed over', userId: 'alice' });
    const url = `/oauth2/staff/applications/${clientId}`;
    const find = () => pages.server.oauth2.applications.findByClientId(clientId);
    await carol.submit(only(await carol.get(`${url}/disable`)));
    expect((await find())?.isDisabled()).toBe(true);
    await carol.submit(only(await carol.get(`${url}/enable`)));
    expect((await find())?.isDisabled()).toBe(false);
    const form = only(await carol.get(`${url}/edit`));
    expect((await carol.submit(form, { user_id: 'nobody-here' })).status).toBe(422);
    await carol.submit(form, { user_id: 'bob', skip_authorization: 'yes' });
    expect([(await find())?.userId, (await find())?.skipAuthorization, (await find())?.scope]).toEqual([
      'bob',
      true,
      null,
    ]);
  });
});
