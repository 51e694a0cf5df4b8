import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { only, PagesServer, passwordOf } from './pages-server.js';

describe('signing in for the management pages', () => {
  let pages: PagesServer;

  beforeAll(async () => {
    pages = await PagesServer.start();
  });

  afterAll(() => pages.close());

  test('a user who is not signed in is sent to sign in, and comes back to the page with its query', async () => {
    const agent = pages.agent();
    const page = await agent.follow(await agent.get('/oauth2/authorized-applications?done=withdrawn'));
    expect(page.heading).toBe('Sign in');
    const answer = await agent.submit(only(page), { username: 'alice', password: passwordOf('alice') });
    const url = new URL(answer.location, pages.server.url);
    expect(url.searchParams.get('to')).toBe('/oauth2/authorized-applications?done=withdrawn');
    expect((await agent.follow(answer)).heading).toBe('Authorized applications');
  });

  test.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '\\\\evil.example',
    '/.//evil.example/',
    '/x/..//evil.example/',
    'javascript:alert(1)',
    'evil.example',
    '/\t/evil.example',
    '/oauth2/applications\r\nSet-Cookie: x=1',
    '',
  ])('return_to=%j does not lead away', async (returnTo) => {
    const agent = pages.agent();
    const page = await agent.get(`/oauth2/sign-in?${new URLSearchParams({ return_to: returnTo })}`);
    const answer = await agent.submit(only(page), {
      username: 'alice',
      password: passwordOf('alice'),
      return_to: returnTo,
    });
    const target = new URL(answer.location, pages.server.url).searchParams.get('to') ?? '';
    expect(target).toMatch(/^\/(?!\/)/);
    expect(new URL(target, pages.server.url).origin).toBe(pages.server.url);
    expect((await agent.get(`/oauth2/sign-in?${new URLSearchParams({ return_to: returnTo })}`)).location).toMatch(
      /^\/(?!\/)/,
    );
  });

  test('[AS-30 §4.12] a session that was planted in a browser does not become that of whoever signs in there', async () => {
    const attacker = await pages.signedIn('bob');
    const victim = pages.agent();
    for (const [name, value] of attacker.cookies)
      if (!name.startsWith('oauth2_browser')) victim.cookies.set(name, value);
    const planted = new Map(victim.cookies);
    expect(planted.size).toBeGreaterThan(0);
    // The planted session has somebody signed in, so the form to sign in comes from before it.
    const form = only(await pages.authorize(victim, await pages.register(), { prompt: 'login' }));
    await victim.follow(await victim.submit(form, { username: 'alice', password: passwordOf('alice') }));
    expect((await victim.get('/oauth2/authorized-applications')).html).toContain('>alice<');
    for (const [name, value] of planted) expect(victim.cookies.get(name)).not.toBe(value);
    expect((await attacker.get('/oauth2/authorized-applications')).html).not.toContain('alice');
  });

  test('signing out asks first, and ends the session', async () => {
    const agent = await pages.signedIn('alice');
    const cookies = new Map(agent.cookies);
    const page = await agent.get('/oauth2/sign-out');
    expect(page.heading).toBe('Sign out');
    expect((await agent.get('/oauth2/applications')).status).toBe(200);
    const stayed = await agent.submit(only(page));
    expect(stayed.location).toBe('/oauth2/authorized-applications');
    expect((await agent.follow(await agent.submit(only(page), { logout: 'yes' }))).heading).toBe('Signed out');
    expect((await agent.get('/oauth2/applications')).location).toContain('/oauth2/sign-in');
    for (const [name, value] of cookies) agent.cookies.set(name, value);
    expect((await agent.get('/oauth2/applications')).location).toContain('/oauth2/sign-in');
  });

  test('a user who is blocked is signed out at once', async () => {
    const agent = await pages.signedIn('bob');
    const bob = pages.server.users.get('bob');
    if (bob === undefined) throw new Error('There is no bob.');
    bob.active = false;
    expect((await agent.get('/oauth2/applications')).location).toContain('/oauth2/sign-in');
    bob.active = true;
  });
});

describe('failed sign-ins', () => {
  let pages: PagesServer | undefined;

  afterEach(() => pages?.close());

  test('[TH-48] too many wrong passwords are answered with 429, by address, also a right one then', async () => {
    pages = await PagesServer.start({ oauth2: { throttling: { failedAuthentication: '3/m' } } });
    const agent = pages.agent();
    const form = only(await agent.get('/oauth2/sign-in'));
    for (const username of ['a', 'b', 'c']) {
      expect((await agent.submit(form, { username, password: 'wrong' })).status).toBe(403);
    }
    const answer = await agent.submit(form, { username: 'alice', password: passwordOf('alice') });
    expect([answer.status, answer.heading]).toEqual([429, 'Sign in']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(only(answer).fields.username).toBe('alice');
  });

  test('[TH-48] wrong passwords for one user name are counted from all addresses together', async () => {
    pages = await PagesServer.start({
      oauth2: { trustedProxies: 1 },
      options: { throttling: { signInByName: '3/m' } },
    });
    const agent = pages.agent();
    const form = only(await agent.get('/oauth2/sign-in'));
    const from = (number: number) => ({ 'x-forwarded-for': `203.0.113.${number}` });
    for (const [number, username] of ['alice', 'ALICE', ' alice '].entries()) {
      expect((await agent.submit(form, { username, password: 'wrong' }, from(number))).status).toBe(403);
    }
    const right = { username: 'alice', password: passwordOf('alice') };
    expect((await agent.submit(form, right, from(9))).status).toBe(429);
    expect((await agent.submit(form, { username: 'bob', password: passwordOf('bob') }, from(9))).status).toBe(303);
  });

  test('[AS-56] behind https the cookie of a browser that is known cannot be planted from elsewhere', async () => {
    pages = await PagesServer.start({ options: { issuer: 'https://auth.example.com' } });
    const agent = pages.agent();
    const form = only(await agent.get('/oauth2/sign-in'));
    const answer = await agent.submit(form, { username: 'alice', password: passwordOf('alice') });
    expect(answer.headers.getSetCookie()).toContainEqual(
      expect.stringMatching(
        /^__Host-oauth2_known_[0-9a-f]{10}=[\w.-]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=15552000$/,
      ),
    );
  });

  test('[TH-48] ten wrong passwords a minute for one user name is all that an address has, unless the host says otherwise', async () => {
    pages = await PagesServer.start();
    const agent = pages.agent();
    const form = only(await agent.get('/oauth2/sign-in'));
    const guess = async () => (await agent.submit(form, { username: 'alice', password: 'wrong' })).status;
    const statuses = [];
    for (let time = 0; time < 11; time++) statuses.push(await guess());
    expect(statuses).toEqual([...Array(10).fill(403), 429]);
  });

  test('sign-ins that succeed cost nothing', async () => {
    pages = await PagesServer.start({
      oauth2: { throttling: { failedAuthentication: '2/m' } },
      options: { throttling: { signIn: '2/m' } },
    });
    const agent = pages.agent();
    const form = only(await agent.get('/oauth2/sign-in'));
    for (let time = 0; time < 4; time++) {
      expect((await agent.submit(form, { username: 'alice', password: passwordOf('alice') })).status).toBe(303);
    }
  });

  test('a check that fails by itself is a 500 page without detail, and no failed sign-in', async () => {
    let isBroken = true;
    const messages: string[] = [];
    const note = (message: string) => void messages.push(message);
    pages = await PagesServer.start({
      oauth2: { throttling: { failedAuthentication: '1/m' } },
      logger: { info: note, warn: note, error: note },
      options: {
        throttling: { signIn: '1/m' },
        authenticate(username) {
          if (isBroken) throw new Error('the directory is away');
          return username;
        },
      },
    });
    const agent = pages.agent();
    const form = only(await agent.get('/oauth2/sign-in'));
    for (let time = 0; time < 2; time++) {
      const answer = await agent.submit(form, { username: 'alice', password: 's3cret-passw0rd' });
      expect([answer.status, answer.heading]).toEqual([500, 'This did not work']);
      expect(answer.html).not.toContain('directory');
    }
    expect(messages.join('\n')).toContain('the directory is away');
    expect(messages.join('\n')).not.toContain('s3cret-passw0rd');
    isBroken = false;
    expect((await agent.submit(form, { username: 'alice', password: 'x' })).status).toBe(303);
  });
});
