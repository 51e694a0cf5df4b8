import { describe, expect, test } from '@jest/globals';
import { basic } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { UserAgent, type Visit } from '../../support/user-agent.js';

const passwordOf = (user: string) => [...user].reverse().join('');

let last = 0;
/** An address that nobody had before. */
function freshAddress(): string {
  last += 1;
  return `198.19.${128 + (last >> 8)}.${last & 255}`;
}

/** A code that no device has; codes are of consonants. */
function wrongCode(): string {
  const letters = 'BCDFGHJKLMNPQRSTVWXZ';
  return Array.from({ length: 8 }, () => letters[Math.floor(Math.random() * letters.length)]).join('');
}

describe.each(STACKS)('wrong user codes, on %s', (name) => {
  const open = (options: object) => useAuthorizationServer(name, { oauth2: { trustedProxies: 1 }, options });

  function browsers(suite: ReturnType<typeof useAuthorizationServer>) {
    const browser = (address = freshAddress()) => new UserAgent(suite.url, { 'x-forwarded-for': address });
    async function signedIn(user: string, address?: string): Promise<UserAgent> {
      suite.server.users.set(user, { id: user, active: true });
      const agent = browser(address);
      const page = await agent.get('/oauth2/sign-in');
      expect((await agent.submit(page, { username: user, password: passwordOf(user) })).status).toBe(200);
      return agent;
    }
    const enter = async (agent: UserAgent, code: string): Promise<Visit> =>
      agent.submit(await agent.get('/oauth2/device'), { user_code: code });
    const statusOf = async (agent: UserAgent, code = wrongCode()) => (await enter(agent, code)).status;
    async function deviceCode(): Promise<string> {
      const client = await suite.server.register(FOR_USERS);
      const answer = await suite.send('/oauth2/device_authorization', {
        method: 'POST',
        headers: { authorization: basic(client) },
        body: new URLSearchParams({ scope: 'read' }),
      });
      return String(answer.body.user_code);
    }
    return { browser, signedIn, enter, statusOf, deviceCode };
  }

  describe('of one', () => {
    const suite = open({ throttling: { userCodes: '3/h', allUserCodes: null } });
    const { browser, signedIn, enter, statusOf, deviceCode } = browsers(suite);

    test('[AS-38 AS-54 §5.1] of a user are limited wherever he is; other users are not', async () => {
      const address = freshAddress();
      const statuses = [];
      for (let count = 0; count < 4; count += 1) {
        statuses.push(await statusOf(await signedIn('guesser', count % 2 === 0 ? address : undefined)));
      }
      expect(statuses).toEqual([400, 400, 400, 429]);
      const refused = await enter(await signedIn('guesser'), await deviceCode());
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(await statusOf(await signedIn('neighbour', address), await deviceCode())).toBe(200);
    });

    test('[AS-38 AS-54 §5.1] of who is not signed in are limited by address, and signing in helps at once', async () => {
      const agent = browser();
      for (let count = 0; count < 3; count += 1) expect(await statusOf(agent)).toBe(400);
      const code = await deviceCode();
      const login = await enter(agent, code);
      expect([login.status, new URL(login.url).pathname]).toEqual([200, '/oauth2/sign-in']);
      const back = await agent.submit(login, { username: 'alice', password: passwordOf('alice') });
      expect(back.body).toContain(`value="${code}"`);
      const confirm = await agent.submit(back, { user_code: code });
      expect(confirm.status).toBe(200);
      expect(await statusOf(browser(), await deviceCode())).toBe(200);
    });

    test('[AS-38] right codes, and forms without one, cost nothing', async () => {
      const agent = await signedIn('diligent');
      for (let count = 0; count < 5; count += 1) {
        expect(await statusOf(agent, await deviceCode())).toBe(200);
        expect(await statusOf(agent, '')).not.toBe(429);
      }
      expect(await statusOf(agent)).toBe(400);
    });
  });

  describe('where the host has a login of its own', () => {
    const suite = open({
      authenticate: undefined,
      login: { url: () => '/login', userId: () => undefined },
      throttling: { userCodes: '3/h' },
    });
    const { browser, enter, statusOf } = browsers(suite);

    test('[AS-38 AS-54 §5.1] a user who is not signed in is sent there', async () => {
      const agent = browser();
      for (let count = 0; count < 3; count += 1) expect(await statusOf(agent)).toBe(400);
      expect(new URL((await enter(agent, wrongCode())).url).pathname).toBe('/login');
    });
  });

  describe('of all together', () => {
    const suite = open({ throttling: { userCodes: '100/h', allUserCodes: '6/h' } });
    const { browser, signedIn, enter, statusOf, deviceCode } = browsers(suite);

    test('[AS-38 AS-54 §5.1] have a bound; beyond it only those wait who have just entered a wrong one', async () => {
      for (let count = 0; count < 4; count += 1) expect(await statusOf(browser())).toBe(400);
      const guesser = await signedIn('guesser');
      expect([await statusOf(guesser), await statusOf(guesser)]).toEqual([400, 400]);
      // A user who enters his code is not stopped by them: neither signed in, nor signing in for it.
      expect(await statusOf(await signedIn('alice'), await deviceCode())).toBe(200);
      const code = await deviceCode();
      const stranger = browser();
      const login = await enter(stranger, code);
      expect(new URL(login.url).pathname).toBe('/oauth2/sign-in');
      const back = await stranger.submit(login, { username: 'bob', password: passwordOf('bob') });
      expect((await stranger.submit(back, { user_code: code })).status).toBe(200);
      // Nobody guesses on: not without a user, not as one who has guessed, and each user once.
      expect(new URL((await enter(browser(), wrongCode())).url).pathname).toBe('/oauth2/sign-in');
      expect(await statusOf(guesser)).toBe(429);
      const carol = await signedIn('carol');
      expect([await statusOf(carol), await statusOf(carol)]).toEqual([400, 429]);
    });
  });
});
