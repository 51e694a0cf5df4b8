import { describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { STACKS } from '../../support/bookstore.js';
import { type Answer, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

@JsonController('/guarded')
class Guarded {
  @Authorized('read')
  @Get()
  get() {
    return { ok: true };
  }
}

const LIMIT = 5;
let last = 0;
/** An address that nobody had before. */
function freshAddress(): string {
  last += 1;
  return `198.18.${128 + (last >> 8)}.${last & 255}`;
}

type Headers = Readonly<Record<string, string>>;

describe.each(STACKS)('invalid tokens, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    controllers: [Guarded],
    oauth2: {
      throttling: {
        failedAuthentication: { rate: `${LIMIT}/h`, exempt: ['10.0.0.0/8', '2001:db8:7::1', 'fd00::/8'] },
      },
      trustedProxies: 1,
      // Without Redis a token is cold after it.
      cache: { maxAgeSeconds: 1 },
    },
    options: { dynamicRegistration: { initialAccessToken: 'an-initial-token-of-some-length' } },
  });
  const guard = (from: string, token: string, headers: Headers = {}) => ask('/guarded', from, token, headers);
  const userinfo = (from: string, token: string, headers: Headers = {}) =>
    ask('/oauth2/userinfo', from, token, headers);
  const ask = (path: string, from: string, token: string, headers: Headers): Promise<Answer> =>
    suite.send(path, { headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': from, ...headers } });

  let bad = 0;
  async function spend(from: string, headers?: Headers): Promise<void> {
    for (let count = 0; count < LIMIT; count += 1) {
      expect((await guard(from, `bad-${++bad}`, headers)).status).toBe(401);
    }
    expect((await guard(from, `bad-${++bad}`, headers)).status).toBe(429);
  }
  const forUser = async () =>
    (await suite.tokens(await suite.server.register(FOR_USERS), { scope: 'openid read' })).access_token;
  const issue = async () => {
    const { clientId } = await suite.server.register();
    return (await suite.server.oauth2.tokens.issue({ application: clientId, scope: 'read' })).access_token;
  };

  test('[TH-48 AS-54] a token that was good is not refused for its neighbours, however long it was cold', async () => {
    const from = freshAddress();
    const token = await issue();
    expect((await guard(from, token)).status).toBe(200);
    await spend(from);
    for (const seconds of [2, 60, 600]) {
      suite.clock.offsetSeconds += seconds;
      expect((await guard(from, token)).status).toBe(200);
    }
    await suite.server.oauth2.tokens.revoke(token);
    expect((await guard(from, token)).status).toBe(429);
    suite.clock.offsetSeconds = 0;
  });

  test('[TH-48 AS-54] one that this authorization server has just issued is not refused either', async () => {
    const from = freshAddress();
    await spend(from);
    const client = await suite.server.register();
    expect((await guard(from, await suite.ownToken(client))).status).toBe(200);
    expect((await guard(from, await forUser())).status).toBe(200);
  });

  test('[TH-48] at once with bad ones, good ones cost nothing and none of them is refused', async () => {
    const from = freshAddress();
    const good = await Promise.all(Array.from({ length: 40 }, issue));
    for (const token of good) expect((await guard(from, token)).status).toBe(200);
    suite.clock.offsetSeconds += 2;
    const answers = await Promise.all([
      ...good.map((token) => guard(from, token)),
      ...Array.from({ length: 40 }, (_, index) => guard(from, `at-once-${++bad}-${index}`)),
      ...good.map((token) => guard(from, token)),
    ]);
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(80);
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(LIMIT);
    suite.clock.offsetSeconds = 0;
  });

  test.each([['10.1.2.3'], ['2001:db8:7:0:1::2'], ['fd12:3456::1']])(
    '[TH-48] an address of an exempt network (%s) is never over its budget',
    async (from) => {
      for (let count = 0; count < 3 * LIMIT; count += 1) expect((await guard(from, `bad-${++bad}`)).status).toBe(401);
      expect((await guard(from, await issue())).status).toBe(200);
      for (let count = 0; count < 3 * LIMIT; count += 1) {
        const form = { grant_type: 'client_credentials', client_id: 'nobody', client_secret: String(count) };
        const answer = await suite.send('/oauth2/token', {
          method: 'POST',
          headers: { 'x-forwarded-for': from },
          body: new URLSearchParams(form),
        });
        expect(answer.status).toBe(401);
      }
    },
  );

  test('[TH-48] an address alongside the exempt networks has its budget', async () => {
    for (const from of ['11.1.2.3', '2001:db8:7:1::1', '2001:db8:8::1']) await spend(from);
  });

  test('[AS-54] pages of other origins cannot spend the budget of their visitor’s address', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', origin: 'https://evil.example' };
    const from = freshAddress();
    await spend(from, headers);
    expect((await guard(from, await issue())).status).toBe(200);
    const { origin } = new URL(suite.url);
    const older = freshAddress();
    await spend(older, { origin: 'https://evil.example' });
    expect((await guard(older, await issue(), { origin })).status).toBe(200);
  });

  describe('at userinfo', () => {
    test('[TH-48] count as at a guard, in one budget, and what was recently valid passes', async () => {
      const from = freshAddress();
      const good = await forUser();
      expect((await userinfo(from, good)).status).toBe(200);
      const revoked = await forUser();
      await suite.server.oauth2.tokens.revoke(revoked);
      const statuses = [];
      for (const token of ['unknown', 'unknown', revoked, 'm@lformed', await forUser()]) {
        statuses.push((await userinfo(from, token)).status);
      }
      statuses.push((await guard(from, 'unknown')).status);
      expect(statuses).toEqual([401, 401, 401, expect.any(Number), 200, 401]);
      const refused = await userinfo(from, 'another');
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(refused.headers.get('www-authenticate')).toBeNull();
      expect(refused.body).toEqual({ error: 'throttled', error_description: expect.any(String) });
      expect((await guard(from, 'another')).status).toBe(429);
      expect((await userinfo(from, good)).status).toBe(200);
      expect((await guard(from, good)).status).toBe(200);
    });

    test('[TH-48] count also where they are sent in a form', async () => {
      const from = freshAddress();
      const post = async (token: string) => {
        const headers = { 'x-forwarded-for': from };
        const body = new URLSearchParams({ access_token: token });
        return (await suite.send('/oauth2/userinfo', { method: 'POST', headers, body })).status;
      };
      const statuses = [];
      for (let count = 0; count < LIMIT + 1; count += 1) statuses.push(await post(`bad-${++bad}`));
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    });

    test('[TH-48] what succeeds, lacks a scope, or presents no token costs nothing', async () => {
      const from = freshAddress();
      const [good, plain] = [
        await forUser(),
        await suite.tokens(await suite.server.register(FOR_USERS), { scope: 'read' }),
      ];
      for (let count = 0; count < LIMIT + 2; count += 1) {
        expect((await userinfo(from, good)).status).toBe(200);
        expect((await userinfo(from, plain.access_token)).status).toBe(403);
        const headers = { 'x-forwarded-for': from };
        expect((await suite.send('/oauth2/userinfo', { headers })).status).toBeGreaterThanOrEqual(400);
      }
      expect((await guard(from, 'unknown')).status).toBe(401);
    });
  });

  test('[TH-48 RFC 7591 §3] guesses at the initial access token of registration count too', async () => {
    const from = freshAddress();
    const register = async (token: string) => {
      const headers = {
        'content-type': 'application/json',
        'x-forwarded-for': from,
        authorization: `Bearer ${token}`,
      };
      const body = JSON.stringify({ redirect_uris: ['https://a.example/cb'], client_name: 'A' });
      return (await suite.send('/oauth2/register', { method: 'POST', headers, body })).status;
    };
    expect(await register('an-initial-token-of-some-length')).toBe(201);
    const statuses = [];
    for (let count = 0; count < LIMIT + 1; count += 1) statuses.push(await register(`guess-${++bad}`));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    expect(await register('an-initial-token-of-some-length')).toBe(201);
  });
});
