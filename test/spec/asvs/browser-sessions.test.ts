import { beforeAll, describe, expect, test } from '@jest/globals';
import { createOAuth2 } from '../../../src/public/index.js';
import { authorization, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS } from '../../support/spec/authorization-server.js';
import { credentials, useBrowserSessions } from '../../support/spec/browser-sessions.js';
import { UserAgent, type Visit } from '../../support/user-agent.js';

describe.each(STACKS)('sessions of browsers, on %s', (name) => {
  /** What `authenticate` waits for before it answers. */
  let gate: Promise<void> = Promise.resolve();
  let reached: () => void = () => {};
  /** What a request does while it asks what the user may grant. */
  let meanwhile: () => void = () => {};
  const { suite, trusted, freshUser, sessions, signedIn, isSignedIn, expectSignedOut } = useBrowserSessions(name, {
    options: {
      mayGrant() {
        meanwhile();
        return true;
      },
      async authenticate(username, password) {
        reached();
        await gate;
        return suite.server.users.has(username) && password === [...username].reverse().join('') ? username : undefined;
      },
    },
    mount(koa, oauth2) {
      koa.use(async (context) => {
        const current = await oauth2.sessions.currentOf(context);
        if (context.path === '/change-password' && current !== undefined) {
          await oauth2.sessions.endAllOf({ user: current.userId, except: current });
        }
        context.body = { current: current ?? null };
      });
    },
  });
  let client: TestClient;
  beforeAll(() => {
    client = trusted();
  });

  test('[AS-57 §7.4.5] all sessions of a user are ended by one call, in every process, and nobody else’s', async () => {
    const user = freshUser();
    const [one, two, other] = [await signedIn(user), await signedIn(user), await signedIn('bob')];
    // A process without an authorization server, and without its keys.
    const elsewhere = createOAuth2({ database: suite.server.databaseUrl, clock: suite.clock });
    try {
      expect(await elsewhere.sessions.endAllOf({ user })).toBe(2);
      await expectSignedOut(one);
      await expectSignedOut(two);
      expect(await isSignedIn(other)).toBe(true);
      expect(await elsewhere.sessions.listFor(user)).toEqual([]);
      expect(await elsewhere.sessions.endAllOf({ user })).toBe(0);
    } finally {
      await elsewhere.close();
    }
    // Who signs in afterwards is signed in.
    expect(await isSignedIn(await signedIn(user, one))).toBe(true);
  });

  test('[AS-57 §7.4.5] one session is ended by its id, and the others stay; what is unknown is not an error', async () => {
    const user = freshUser();
    const [one, two] = [await signedIn(user), await signedIn(user)];
    const [newest, oldest] = await sessions().listFor(user);
    expect(await sessions().end(newest?.id ?? '')).toBe(true);
    await expectSignedOut(two);
    expect(await isSignedIn(one)).toBe(true);
    expect((await sessions().listFor(user)).map(({ id }) => id)).toEqual([oldest?.id]);
    for (const id of [newest?.id ?? '', 'x'.repeat(43), '', '../x', "' or 1=1"]) {
      expect([id, await sessions().end(id)]).toEqual([id, false]);
    }
  });

  test('[AS-57 §7.4.3] after a change of the password the browser at hand stays signed in, and no other', async () => {
    const user = freshUser();
    const [here, elsewhere] = [await signedIn(user), await signedIn(user)];
    const bound = await suite.tokens(client, { scope: 'read' }, { agent: here });
    const others = await suite.tokens(client, { scope: 'read' }, { agent: elsewhere });
    const { current } = JSON.parse((await here.get('/change-password')).body);
    expect(current).toMatchObject({ userId: user });
    await expectSignedOut(elsewhere);
    expect(await isSignedIn(here)).toBe(true);
    expect(await isSignedIn(here)).toBe(true);
    expect([
      await suite.isActive(client, bound.access_token),
      await suite.isActive(client, others.access_token),
    ]).toEqual([true, false]);
    expect(JSON.parse((await suite.agent().get('/any')).body)).toEqual({ current: null });
    await expect(sessions().endAllOf({ user, except: 'nonsense' })).rejects.toThrow(TypeError);
  });

  test('[AS-57 §7.4.1] tokens of a session that is ended end with it, but for offline_access', async () => {
    const user = freshUser();
    const agent = await signedIn(user);
    const bound = await suite.tokens(client, { scope: 'read' }, { agent });
    const offline = await suite.tokens(client, { scope: 'read offline_access' }, { agent });
    const code = await suite.code(client, { scope: 'read' }, { agent });
    const [session] = await sessions().listFor(user);
    await sessions().end(session?.id ?? '');
    expect(await suite.isActive(client, bound.access_token)).toBe(false);
    expect((await suite.refresh(client, bound.refresh_token)).body.error).toBe('invalid_grant');
    expect((await suite.exchange(client, code)).body.error).toBe('invalid_grant');
    expect(await suite.isActive(client, offline.access_token)).toBe(true);
    expect((await suite.refresh(client, offline.refresh_token)).status).toBe(200);
  });

  test('[AS-57 §7.3.1] tokens of a session whose time is over live until their own end', async () => {
    const user = freshUser();
    const agent = await signedIn(user);
    const tokens = await suite.tokens(client, { scope: 'read' }, { agent });
    try {
      suite.clock.offsetSeconds += 1001;
      await expectSignedOut(agent);
      expect(await suite.isActive(client, tokens.access_token)).toBe(true);
      expect((await suite.refresh(client, tokens.refresh_token)).status).toBe(200);
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  });

  test('[AS-57 §7.4.5] revoking all tokens of a user signs his browsers out too, unless it is told not to', async () => {
    const user = freshUser();
    const { tokens } = suite.server.oauth2;
    const agent = await signedIn(user);
    await tokens.revokeAllOf({ user, sessions: false });
    expect(await isSignedIn(agent)).toBe(true);
    await tokens.revokeAllOf({ user, application: client.clientId });
    expect(await isSignedIn(agent)).toBe(true);
    const offline = await suite.tokens(client, { scope: 'read offline_access' }, { agent });
    await tokens.revokeAllOf({ user });
    await expectSignedOut(agent);
    expect(await suite.isActive(client, offline.access_token)).toBe(false);
    const both = tokens.revokeAllOf({ user, application: client.clientId, sessions: true });
    await expect(both).rejects.toThrow(/sessions/);
    await expect(tokens.revokeAllOf({ application: client.clientId, sessions: true })).rejects.toThrow(/sessions/);
  });

  test('[AS-57 §7.4.1] whoever has sent the old password before the end is not signed in by it, at the pages nor on the way to an application', async () => {
    const user = freshUser();
    const [atPages, atApplication] = [suite.agent(), suite.agent()];
    const forms: [UserAgent, Visit][] = [
      [atPages, await atPages.get('/oauth2/sign-in')],
      [atApplication, await atApplication.get(`/oauth2/authorize?${authorization(client).query}`)],
    ];
    for (const [agent, page] of forms) {
      let open: () => void = () => {};
      gate = new Promise((resolve) => {
        open = resolve;
      });
      const asked = new Promise<void>((resolve) => {
        reached = resolve;
      });
      const sent = agent.submit(page, credentials(user));
      await asked;
      await sessions().endAllOf({ user });
      open();
      const { body } = await sent;
      expect(body).not.toContain('code=');
      await expectSignedOut(agent);
      expect(await sessions().listFor(user)).toEqual([]);
    }
    reached = () => {};
  });

  test('[AS-57 §7.4.1] a sign-in that waits for the user to go on, or to consent, is over as well', async () => {
    const user = freshUser();
    const asking = await suite.server.register(FOR_USERS);
    const agent = suite.agent();
    const login = await agent.get(`/oauth2/authorize?${authorization(asking).query}`);
    const consent = await agent.submit(login, credentials(user));
    expect(consent.body).toContain('name="decision"');
    await sessions().endAllOf({ user });
    const decided = await agent.submit(consent, { decision: 'allow' });
    expect([decided.status, decided.headers.get('location')]).toEqual([400, null]);
    await expectSignedOut(agent);
  });

  test('[AS-57 §7.4.1] requests that run while the sessions end leave nothing that is good', async () => {
    const user = freshUser();
    const agent = suite.agent();
    for (let round = 0; round < 5; round += 1) {
      await signedIn(user, agent);
      const requests = Array.from({ length: 6 }, () => authorization(client, { prompt: 'none' }));
      const [, ...answers] = await Promise.all([
        sessions().endAllOf({ user }),
        ...requests.map(({ query }) => agent.get(`/oauth2/authorize?${query}`)),
      ]);
      await expectSignedOut(agent);
      for (const [index, answer] of answers.entries()) {
        const response = responseOf(answer);
        const code = response.get('code');
        if (code === null) {
          expect(response.get('error')).toBe('login_required');
          continue;
        }
        const verifier = requests[index]?.verifier as string;
        expect((await suite.exchange(client, { code, verifier })).body.error).toBe('invalid_grant');
      }
      expect(await sessions().listFor(user)).toEqual([]);
    }
  });

  test('[AS-57 §7.4.1] a session that is renewed while it ends does not live on under another name', async () => {
    const user = freshUser();
    const agent = suite.agent();
    for (let round = 0; round < 5; round += 1) {
      await signedIn(user, agent);
      const login = await agent.get(`/oauth2/authorize?${authorization(client, { prompt: 'login' }).query}`);
      const [session] = await sessions().listFor(user);
      await Promise.all([sessions().end(session?.id ?? ''), agent.submit(login, credentials(user))]);
      expect(await sessions().listFor(user)).toEqual([]);
      await expectSignedOut(agent);
    }
  });

  test('[AS-57 §7.3.1, §7.3.2] a session ends when it is not used, and at the latest so long after the sign-in, however often it is used', async () => {
    const user = freshUser();
    const agent = await signedIn(user);
    const begun = suite.clock.nowMilliseconds();
    try {
      for (let visit = 0; visit < 3; visit += 1) {
        suite.clock.offsetSeconds += 900;
        expect(await isSignedIn(agent)).toBe(true);
      }
      const [session] = await sessions().listFor(user);
      expect(Math.abs((session?.expiresAtMilliseconds ?? 0) - (begun + 3_000_000))).toBeLessThan(60_000);
      suite.clock.offsetSeconds += 320;
      await expectSignedOut(agent);
      expect(await sessions().listFor(user)).toEqual([]);
      await signedIn(user, agent);
      suite.clock.offsetSeconds += 1001;
      await expectSignedOut(agent);
      // Who proves again who he is begins anew.
      await signedIn(user, agent);
      for (let visit = 0; visit < 3; visit += 1) {
        suite.clock.offsetSeconds += 900;
        expect(await isSignedIn(agent)).toBe(true);
      }
      const login = await agent.get(`/oauth2/authorize?${authorization(client, { prompt: 'login' }).query}`);
      expect(responseOf(await agent.submit(login, credentials(user))).has('code')).toBe(true);
      suite.clock.offsetSeconds += 900;
      expect(await isSignedIn(agent)).toBe(true);
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  });

  test('[AS-57 §7.3.2] requests that begin before the latest end of a session and are answered after it do not move it', async () => {
    const user = freshUser();
    const agent = await signedIn(user);
    try {
      for (let visit = 0; visit < 3; visit += 1) {
        suite.clock.offsetSeconds += 900;
        expect(await isSignedIn(agent)).toBe(true);
      }
      suite.clock.offsetSeconds += 270;
      for (let request = 0; request < 5; request += 1) {
        // The first begins in time; each of the others would still find the session if the one before had moved its end.
        meanwhile = () => {
          suite.clock.offsetSeconds += request === 0 ? 60 : 0.7;
        };
        await expectSignedOut(agent);
      }
      expect(await sessions().listFor(user)).toEqual([]);
    } finally {
      meanwhile = () => {};
      suite.clock.offsetSeconds = 0;
    }
  });

  test('[AS-57] what is noted of an end is cleared when nothing can depend on it any more', async () => {
    const user = freshUser();
    await signedIn(user);
    const { oauth2 } = suite.server;
    await oauth2.sessions.endAllOf({ user });
    const noted = async () => oauth2.models.ServerRecord.query().where('kind', 'like', '%SessionsEnded').resultSize();
    expect(Number(await noted())).toBeGreaterThan(0);
    suite.clock.offsetSeconds = 5 * 3600;
    try {
      await oauth2.tokens.clearExpired();
      expect(Number(await noted())).toBe(0);
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  });
});
