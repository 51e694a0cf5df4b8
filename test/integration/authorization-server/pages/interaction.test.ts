import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestClient } from '../../../support/authorization-server.js';
import type { Agent, Answer } from './agent.js';
import { CALLBACK, only, PagesServer, passwordOf } from './pages-server.js';

describe('login and consent', () => {
  let pages: PagesServer;
  let client: TestClient;

  beforeAll(async () => {
    pages = await PagesServer.start();
    client = await pages.register();
  });

  afterAll(() => pages.close());

  async function login(agent: Agent, userId: string, page: Answer): Promise<Answer> {
    return agent.follow(await agent.submit(only(page), { username: userId, password: passwordOf(userId) }));
  }

  test('[AS-30 §4.12] login and consent lead to the application by 303, with a code', async () => {
    const agent = pages.agent();
    const loginPage = await pages.authorize(agent, client);
    expect([loginPage.status, loginPage.heading]).toEqual([200, 'Sign in']);
    const posted = await agent.submit(only(loginPage), { username: 'alice', password: passwordOf('alice') });
    expect(posted.status).toBe(303);
    const consent = await agent.follow(posted);
    expect([consent.status, consent.heading]).toEqual([200, 'Allow access?']);
    expect(consent.html).toContain('Read your books');
    expect(consent.html).toContain('shop.example');
    const allowed = await agent.submit(only(consent), { decision: 'allow' });
    expect(allowed.status).toBe(303);
    const target = new URL((await agent.follow(allowed)).location);
    expect(target.origin + target.pathname).toBe(CALLBACK);
    expect(target.searchParams.get('code')).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test('what was allowed is not asked for again', async () => {
    const agent = pages.agent();
    const other = await pages.register({ name: 'Remembered' });
    const consent = await login(agent, 'alice', await pages.authorize(agent, other));
    await agent.follow(await agent.submit(only(consent), { decision: 'allow' }));
    expect((await pages.authorize(agent, other)).location).toContain('code=');
    // In another browser, where the same user signs in.
    const second = pages.agent();
    const answer = await login(second, 'alice', await pages.authorize(second, other));
    expect(answer.location).toContain('code=');
  });

  test('a user who denies sends the application access_denied, and nothing is remembered', async () => {
    const agent = pages.agent();
    const other = await pages.register({ name: 'Denied' });
    const consent = await login(agent, 'bob', await pages.authorize(agent, other));
    const target = new URL((await agent.follow(await agent.submit(only(consent), { decision: 'deny' }))).location);
    expect(target.searchParams.get('error')).toBe('access_denied');
    expect((await pages.authorize(agent, other)).heading).toBe('Allow access?');
  });

  test('a user who does not want to sign in is sent back to the application', async () => {
    const agent = pages.agent();
    const page = await pages.authorize(agent, client);
    const refuse = page.forms[1];
    if (refuse === undefined) throw new Error('The login page has no way back.');
    expect((await agent.follow(await agent.submit(refuse))).location).toContain('error=access_denied');
  });

  test('a wrong password gives the same page with the user name, never with the password', async () => {
    const agent = pages.agent();
    const page = await pages.authorize(agent, client);
    const answer = await agent.submit(only(page), { username: 'al"ice', password: 'wr0ng-passw0rd' });
    expect([answer.status, answer.heading]).toEqual([403, 'Sign in']);
    expect(only(answer).fields.username).toBe('al"ice');
    expect(answer.html).toContain('role="alert"');
    expect(answer.html).not.toContain('wr0ng-passw0rd');
    expect((await login(agent, 'alice', answer)).heading).toMatch(/^Allow access\?$|^One moment$/);
  });

  test('a user who may not act is told the same as one with a wrong password', async () => {
    const agent = pages.agent();
    const page = await pages.authorize(agent, client);
    const bob = pages.server.users.get('bob');
    if (bob === undefined) throw new Error('There is no bob.');
    bob.active = false;
    const blocked = await agent.submit(only(page), { username: 'bob', password: passwordOf('bob') });
    bob.active = true;
    const wrong = await agent.submit(only(page), { username: 'bob', password: 'wrong' });
    expect(blocked.status).toBe(403);
    expect(blocked.html).toBe(wrong.html);
  });

  test('[AS-30 §4.12] a consent is bound to the user it was shown to', async () => {
    const agent = pages.agent();
    const other = await pages.register({ name: 'Bound' });
    const consent = await login(agent, 'alice', await pages.authorize(agent, other));
    // The same browser and interaction, with the token of a form that was made for nobody.
    const { fields, action } = only(await agent.get('/oauth2/sign-in?return_to=/x').then(() => consent));
    const stolen = only(await pages.authorize(pages.agent(), other)).fields.csrf_token as string;
    const answer = await agent.post(action, { ...fields, csrf_token: stolen, decision: 'allow' });
    expect(answer.status).toBe(403);
    expect((await agent.submit(only(consent), { decision: 'allow' })).status).toBe(303);
  });

  test('an interaction of another browser is none', async () => {
    const agent = pages.agent();
    const page = await pages.authorize(agent, client);
    const stranger = pages.agent();
    expect((await stranger.get(only(page).action)).status).toBe(400);
    const answer = await stranger.submit(only(page), { username: 'alice', password: passwordOf('alice') });
    expect([answer.status, answer.location]).toEqual([400, '']);
  });

  test('a decision that is none is refused and decides nothing', async () => {
    const agent = pages.agent();
    const other = await pages.register({ name: 'Undecided' });
    const consent = await login(agent, 'alice', await pages.authorize(agent, other));
    expect((await agent.submit(only(consent), { decision: 'maybe' })).status).toBe(400);
    expect((await agent.submit(only(consent))).status).toBe(400);
    expect((await agent.submit(only(consent), { decision: 'deny' })).status).toBe(303);
  });

  test('a hint of the application stands in the field as text', async () => {
    const page = await pages.authorize(pages.agent(), client, { login_hint: '"><script>alert(1)</script>' });
    expect(page.html).not.toContain('<script');
    expect(only(page).fields.username).toBe('"><script>alert(1)</script>');
  });
});
