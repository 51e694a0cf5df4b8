import { describe, expect, test } from '@jest/globals';
import { authorization, responseOf } from '../../support/authorization.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { credentials, FIREFOX, SAFARI, useBrowserSessions } from '../../support/spec/browser-sessions.js';
import { UserAgent, type Visit } from '../../support/user-agent.js';

describe.each(STACKS)('the list of sessions of browsers, on %s', (name) => {
  const { trusted, freshUser, sessions, agentAs, signedIn, isSignedIn, expectSignedOut } = useBrowserSessions(name);

  test('[AS-57 §7.5.2] the list says when, with what and from where, newest first, in pages; nothing of the browser’s own words', async () => {
    const user = freshUser();
    await signedIn(user, agentAs(FIREFOX));
    await signedIn(user, agentAs(SAFARI, '2001:db8:1:2:3::4'));
    const odd = await signedIn(user, agentAs('<script>alert(1)</script>', '198.51.100.9'));
    const list = await sessions().listFor(user);
    expect(list.map(({ browser, address }) => [browser, address])).toEqual([
      [null, '198.51.100.9'],
      ['Safari on iOS', '2001:db8:1:2::/64'],
      ['Firefox on Linux', '203.0.113.7'],
    ]);
    for (const { id, userId, begunAtMilliseconds, lastSeenAtMilliseconds, expiresAtMilliseconds } of list) {
      expect([userId, id]).toEqual([user, expect.stringMatching(/^[\w-]{43}$/)]);
      expect(begunAtMilliseconds).toBeLessThanOrEqual(lastSeenAtMilliseconds + 1000);
      expect(expiresAtMilliseconds).toBeGreaterThan(lastSeenAtMilliseconds);
    }
    const [first] = await sessions().listFor(user, { limit: 1 });
    const rest = await sessions().listFor(user, { after: first?.id ?? '' });
    expect([first, ...rest]).toEqual(list);
    expect(await sessions().listFor(user, { after: 'x'.repeat(43) })).toEqual([]);
    await expect(sessions().listFor(user, { limit: 0 })).rejects.toThrow(TypeError);
    // The id stays while the session is renewed.
    const login = await odd.get(`/oauth2/authorize?${authorization(trusted(), { prompt: 'login' }).query}`);
    await odd.submit(login, credentials(user));
    expect((await sessions().listFor(user)).map(({ id }) => id).sort()).toEqual(list.map(({ id }) => id).sort());
  });

  const listOf = ({ body }: Visit) => [...body.matchAll(/<h2><bdi>(.*?)<\/bdi>(.*?)<\/h2>/g)].map((found) => found[1]);
  const links = ({ body }: Visit, pattern: RegExp) =>
    [...body.matchAll(/href="([^"]*)"/g)].flatMap(([, href = '']) =>
      pattern.test(href) ? [href.replaceAll('&amp;', '&')] : [],
    );

  test('[AS-57 §7.5.2] a user sees where he is signed in, and ends one, or all others', async () => {
    const user = freshUser();
    const [here, phone, third] = [
      await signedIn(user, agentAs(FIREFOX)),
      await signedIn(user, agentAs(SAFARI)),
      await signedIn(user, agentAs('')),
    ];
    const page = await here.get('/oauth2/sessions');
    expect(listOf(page)).toEqual(['Unknown browser', 'Safari on iOS', 'Firefox on Linux']);
    expect(page.body.match(/This browser/g)).toHaveLength(1);
    expect(page.body).toMatch(/Firefox on Linux<\/bdi>[^\n]*This browser/);
    const [, endPhone = ''] = links(page, /\/sessions\/[\w-]{43}\/end$/);
    const confirm = await here.get(endPhone);
    expect(confirm.body).toContain('Safari on iOS');
    expect((await here.submit(confirm, { csrf_token: 'forged' })).status).toBe(403);
    expect(await isSignedIn(phone)).toBe(true);
    const done = await here.submit(confirm, {});
    expect(done.body).toContain('The browser was signed out.');
    await expectSignedOut(phone);
    const [endAll = ''] = links(done, /\/sessions\/end-all/);
    await here.submit(await here.get(endAll), {});
    await expectSignedOut(third);
    expect(await isSignedIn(here)).toBe(true);
    const last = await here.get('/oauth2/sessions');
    expect([listOf(last), links(last, /end-all/)]).toEqual([['Firefox on Linux'], []]);
    // Also his own, which leads to the sign-in.
    const [endOwn = ''] = links(last, /\/sessions\/[\w-]{43}\/end$/);
    expect((await here.submit(await here.get(endOwn), {})).body).toContain('name="password"');
    await expectSignedOut(here);
  });

  test('[AS-57] nobody sees or ends the session of somebody else; staff does', async () => {
    const user = freshUser();
    const victim = await signedIn(user, agentAs(SAFARI));
    const [session] = await sessions().listFor(user);
    const bob = await signedIn('bob');
    expect((await bob.get(`/oauth2/sessions/${session?.id}/end`)).status).toBe(404);
    for (const path of [`/oauth2/staff/sessions?user_id=${user}`, `/oauth2/staff/sessions/${session?.id}/end`]) {
      expect([path, (await bob.get(path)).status]).toEqual([path, 403]);
    }
    const carol = await signedIn('carol');
    expect(listOf(await carol.get('/oauth2/staff/sessions'))).toEqual([]);
    const page = await carol.get(`/oauth2/staff/sessions?user_id=${user}`);
    expect(listOf(page)).toEqual(['Safari on iOS']);
    await carol.submit(await carol.get(links(page, /[\w-]{43}\/end$/)[0] ?? ''), {});
    await expectSignedOut(victim);
    await signedIn(user, victim);
    const again = await carol.get(`/oauth2/staff/sessions?user_id=${user}`);
    await carol.submit(await carol.get(links(again, /end-all/)[0] ?? ''), {});
    await expectSignedOut(victim);
    expect(await isSignedIn(carol)).toBe(true);
  });
});

describe('a login of the host', () => {
  const suite = useAuthorizationServer('SQLite + memory', {
    options: {
      authenticate: undefined,
      isStaff: () => true,
      login: { url: () => '/host-login', userId: (context) => context.get('x-user') || undefined },
    },
  });

  test('[AS-57] where somebody is signed in is the host’s to show; sessions here can be listed and ended nevertheless', async () => {
    const client = await suite.server.register({ ...FOR_USERS, skipAuthorization: true });
    const agent = new UserAgent(suite.url, { 'x-user': 'alice' });
    expect((await agent.get('/oauth2/sessions')).status).toBe(404);
    expect((await agent.get('/oauth2/authorized-applications')).body).not.toContain('/oauth2/sessions"');
    const code = async (prompt?: string) => {
      let visit = await agent.get(`/oauth2/authorize?${authorization(client, { prompt }).query}`);
      if (new URL(visit.url).pathname === '/host-login') visit = await agent.get('/oauth2/device');
      return responseOf(visit);
    };
    expect((await code()).has('code')).toBe(true);
    expect(await suite.server.oauth2.sessions.endAllOf({ user: 'alice' })).toBe(1);
    expect((await code('none')).get('error')).toBe('login_required');
    expect((await agent.get('/oauth2/staff/sessions?user_id=alice')).status).toBe(200);
  });
});
