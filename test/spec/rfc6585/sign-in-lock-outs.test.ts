import { beforeEach, describe, expect, test } from '@jest/globals';
import { cookieName } from '../../../src/authorization-server/browsers/cookie-name.js';
import { authorization, responseOf } from '../../support/authorization.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { UserAgent, type Visit } from '../../support/user-agent.js';

const HALF_A_YEAR_SECONDS = 15_552_000;

const passwordOf = (user: string) => [...user].reverse().join('');

let last = 0;
/** An address that nobody had before. */
function freshAddress(): string {
  last += 1;
  return `198.19.${last >> 8}.${last & 255}`;
}

describe.each(STACKS)('who fails to sign in, on %s', (name) => {
  // The host's table finds a user as MySQL's collation utf8mb4_0900_ai_ci does.
  const collation = new Intl.Collator('en', { sensitivity: 'base', ignorePunctuation: false });
  const suite = useAuthorizationServer(name, {
    oauth2: { trustedProxies: 1 },
    options: {
      throttling: { signIn: '3/h', signInByName: '9/h' },
      authenticate: (username, password) => {
        const visible = username.replace(/\p{Default_Ignorable_Code_Point}/gu, '').trim();
        const ids = [...suite.server.users.keys()];
        const found = ids.find((id) => id === visible) ?? ids.find((id) => collation.compare(id, visible) === 0);
        return found !== undefined && password === passwordOf(found) ? found : undefined;
      },
    },
  });
  const knownCookie = () => cookieName(suite.url, '/oauth2', 'oauth2_known');
  let users = 0;
  /** A user whose budgets nobody has touched. */
  function freshUser(): string {
    users += 1;
    const id = `alice-${String.fromCharCode(96 + Math.ceil(users / 26), 97 + (users % 26))}`;
    suite.server.users.set(id, { id, active: true });
    return id;
  }

  let user: string;
  let other: string;
  beforeEach(() => {
    user = freshUser();
    other = freshUser();
  });

  const browser = (address = freshAddress()) => new UserAgent(suite.url, { 'x-forwarded-for': address });
  async function tryAs(agent: UserAgent, username: string, password = 'wrong'): Promise<Visit> {
    const page = await agent.get('/oauth2/sign-in?return_to=/oauth2/sign-out');
    return agent.submit(page, { username, password });
  }
  const statusOf = async (agent: UserAgent, username: string, password?: string) =>
    (await tryAs(agent, username, password)).status;
  async function statusesOf(agent: UserAgent, usernames: readonly string[]): Promise<number[]> {
    const statuses = [];
    for (const username of usernames) statuses.push(await statusOf(agent, username));
    return statuses;
  }
  /** A browser that a user has signed in with, and out again. */
  async function knownBrowser(whose: string, address = freshAddress()): Promise<UserAgent> {
    const agent = browser(address);
    expect(await signInAndOut(agent, whose)).toBe(200);
    return agent;
  }
  async function signInAndOut(agent: UserAgent, whose: string): Promise<number> {
    const signedIn = await tryAs(agent, whose, passwordOf(whose));
    if (signedIn.status === 200) await agent.submit(signedIn, { logout: 'yes' });
    return signedIn.status;
  }
  const cookieOf = (agent: UserAgent) => agent.cookiesFor('/oauth2/sign-in')[knownCookie()] as string;

  test('[AS-54 TH-48] wrong passwords lock a user out only where they come from', async () => {
    const stranger = freshAddress();
    expect(await statusesOf(browser(stranger), Array(4).fill(user))).toEqual([403, 403, 403, 429]);
    const refused = await tryAs(browser(stranger), user, passwordOf(user));
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(await statusOf(browser(stranger), other, passwordOf(other))).toBe(200);
    expect(await statusOf(browser(), user, passwordOf(user))).toBe(200);
  });

  test('[AS-54 TH-49] an address of IPv6 is its /64', async () => {
    const statuses = [];
    for (const host of ['1', '2', '3', '4']) statuses.push(await statusOf(browser(`2001:db8:5:6::${host}`), user));
    expect(statuses).toEqual([403, 403, 403, 429]);
    expect(await statusOf(browser('2001:db8:5:7::1'), user, passwordOf(user))).toBe(200);
  });

  test('[AS-54 TH-48] from many addresses together one name has a larger rate', async () => {
    for (let time = 0; time < 9; time += 1) expect(await statusOf(browser(), user)).toBe(403);
    expect(await statusOf(browser(), user, passwordOf(user))).toBe(429);
    expect(await statusOf(browser(), other, passwordOf(other))).toBe(200);
  });

  test.each([
    ['accents', ['àlice', 'alíçe', 'a\u0300lice']],
    ['case and width', ['ALICE', 'ａｌｉｃｅ', '𝐚𝐥𝐢𝐜𝐞']],
    ['what is not shown', ['al\u200bice', '\u2060alice', 'ali\u00adce']],
    ['control characters and spaces', [' \talice', '\u00a0alice', 'al\u0001ice']],
    ['fillers and selectors', ['\u3164alice', 'alice\ufe0f', 'ali\u034fce']],
    ['letters without decomposition', ['alıce', 'a\u0142ice', 'a\u0335\u0141ice']],
  ])('[AS-54 TH-48] spellings that differ by %s share one budget', async (_title, spellings) => {
    const usernames = [user, ...spellings.map((spelling) => user.replace('alice', spelling))];
    expect(await statusesOf(browser(), usernames)).toEqual([403, 403, 403, 429]);
  });

  test('[AS-54] who finds the user by another spelling spends the same budget', async () => {
    const spelled = (spelling: string) => user.replace('alice', spelling);
    expect(await statusOf(browser(), spelled('àLICE\u200b'), passwordOf(user))).toBe(200);
    const stranger = browser();
    expect(await statusesOf(stranger, ['ÀLICE', 'alice\u200d', 'álice'].map(spelled))).toEqual([403, 403, 403]);
    expect(await statusOf(stranger, user, passwordOf(user))).toBe(429);
  });

  describe('at a browser that the user has signed in with before', () => {
    test('[AS-54] he is not locked out by others, neither from everywhere nor from his own address', async () => {
      const address = freshAddress();
      const own = await knownBrowser(user, address);
      for (let time = 0; time < 9; time += 1) await statusOf(browser(), user);
      await statusesOf(browser(address), Array(4).fill(user));
      expect(await statusOf(browser(), user, passwordOf(user))).toBe(429);
      expect(await statusOf(browser(address), user, passwordOf(user))).toBe(429);
      expect(await statusOf(own, user, passwordOf(user))).toBe(200);
    });

    test('[AS-54 TH-48] he has a strict budget of its own', async () => {
      const own = await knownBrowser(user);
      expect(await statusesOf(own, Array(4).fill(user))).toEqual([403, 403, 403, 429]);
      expect(await statusOf(own, user, passwordOf(user))).toBe(429);
      // A thief has no other one.
      const thief = browser();
      thief.plant(knownCookie(), cookieOf(own));
      expect(await statusOf(thief, user, passwordOf(user))).toBe(429);
      expect(await statusOf(browser(), user, passwordOf(user))).toBe(200);
    });

    test('[AS-54] it works on the way to an application too', async () => {
      const client = await suite.server.register({ ...FOR_USERS, skipAuthorization: true });
      const signIn = async (agent: UserAgent) => {
        const login = await agent.get(`/oauth2/authorize?${authorization(client).query}`);
        return agent.submit(login, { username: user, password: passwordOf(user) });
      };
      const own = browser();
      expect(responseOf(await signIn(own)).get('code')).toEqual(expect.any(String));
      const known = browser();
      known.plant(knownCookie(), cookieOf(own));
      for (let time = 0; time < 9; time += 1) await statusOf(browser(), user);
      expect((await signIn(browser())).status).toBe(429);
      expect(responseOf(await signIn(known)).get('code')).toEqual(expect.any(String));
    });

    test('[AS-54] a forged cookie, and one of another user, give nothing', async () => {
      const bobs = cookieOf(await knownBrowser(other));
      const own = cookieOf(await knownBrowser(user));
      const [id, issuedAt, signature = ''] = own.split('.');
      for (let time = 0; time < 9; time += 1) await statusOf(browser(), user);
      const changed = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      for (const cookie of [
        bobs,
        `${id}.${issuedAt}.${changed}`,
        `${'A'.repeat(22)}.${issuedAt}.${signature}`,
        `${id}.zzzzzz.${signature}`,
        `${id}.${issuedAt}.`,
        id as string,
        `${bobs}~`.repeat(200),
        '%00',
      ]) {
        const agent = browser();
        agent.plant(knownCookie(), cookie);
        expect([cookie, await statusOf(agent, user, passwordOf(user))]).toEqual([cookie, 429]);
      }
      const agent = browser();
      agent.plant(knownCookie(), own);
      expect(await statusOf(agent, user, passwordOf(user))).toBe(200);
    });

    test('[AS-54] an account of a like name does not make the other known', async () => {
      const like = user.replace('alice', 'àlice');
      suite.server.users.set(like, { id: like, active: true });
      const attacker = await knownBrowser(like);
      for (let time = 0; time < 9; time += 1) await statusOf(browser(), user);
      expect(await statusOf(attacker, user)).toBe(429);
      expect(await statusOf(attacker, like, passwordOf(like))).toBe(200);
    });

    test('[AS-54] the cookie is another one after each sign-in, out of reach of scripts, and ends after half a year', async () => {
      const agent = browser();
      const first = await tryAs(agent, user, passwordOf(user));
      const before = cookieOf(agent);
      expect(before).not.toContain('alice');
      await agent.submit(first, { logout: 'yes' });
      await tryAs(agent, user, passwordOf(user));
      const after = cookieOf(agent);
      expect(after).not.toBe(before);
      expect(after.split('~')).toHaveLength(1);
      const form = await browser().get('/oauth2/sign-in');
      const line = await setCookieOf(form);
      expect(line).toMatch(/; Path=\/; HttpOnly; SameSite=Lax/);
      expect(line).toContain(`; Max-Age=${HALF_A_YEAR_SECONDS}`);
      for (let time = 0; time < 9; time += 1) await statusOf(browser(), user);
      const statusWith = async (cookie: string) => {
        const late = browser();
        late.plant(knownCookie(), cookie);
        return statusOf(late, user, passwordOf(user));
      };
      expect([await statusWith(before), await statusWith(after)]).toEqual([200, 200]);
      suite.clock.offsetSeconds += HALF_A_YEAR_SECONDS + 60;
      for (let time = 0; time < 9; time += 1) await statusOf(browser(), user);
      expect(await statusWith(after)).toBe(429);
    });

    test('[AS-54] a browser of two people knows both', async () => {
      const agent = await knownBrowser(user);
      expect(await signInAndOut(agent, other)).toBe(200);
      for (let time = 0; time < 9; time += 1) {
        await statusOf(browser(), user);
        await statusOf(browser(), other);
      }
      expect([await signInAndOut(agent, user), await signInAndOut(agent, other)]).toEqual([200, 200]);
    });

    /** The `Set-Cookie` line of a sign-in that begins on this page. */
    async function setCookieOf(page: Visit): Promise<string | undefined> {
      const token = /name="csrf_token" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
      const cookie = page.headers.getSetCookie().map((one) => one.split(';', 1)[0]);
      const response = await fetch(`${suite.url}/oauth2/sign-in`, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: cookie.join('; ') },
        body: new URLSearchParams({
          ...{ csrf_token: token, return_to: '/oauth2/sign-out' },
          ...{ username: user, password: passwordOf(user) },
        }),
      });
      return response.headers.getSetCookie().find((line) => line.startsWith(`${knownCookie()}=`));
    }
  });
});
