import { describe, expect, test } from '@jest/globals';
import { register, STACKS, useBookstore } from '../../support/bookstore.js';
import { call, type Reply } from '../../support/spec/http.js';
import { toldPolicies, toldPolicy } from './rate-limit-fields.js';

describe.each(STACKS)('throttled actions, on %s', (name) => {
  const shop = useBookstore(name, {
    environment: { THROTTLE_USER: '5/hour', THROTTLE_ANON: '3/hour', TRUSTED_PROXIES: '1' },
  });
  const throttled = (token: string) => call(`${shop.url}/api/throttled`, { token });
  const from = (address: string, token?: string) =>
    call(`${shop.url}/api/open`, { headers: { 'x-forwarded-for': address }, token });
  let applications = 0;
  /** A principal that nobody has counted yet. */
  const freshApplication = () => register(shop.oauth2, 'Fresh', `fresh-${++applications}`);

  test('[TH-51 RFC 9651] RateLimit and RateLimit-Policy tell of every policy that applies', async () => {
    const reply = await throttled(await shop.issue('api', { application: await freshApplication() }));
    expect(reply.status).toBe(200);
    const [policy, ...others] = toldPolicies(reply);
    expect(others).toEqual([]);
    expect(policy).toMatchObject({ name: 'user', quota: 5, windowSeconds: 3600, remaining: 4 });
    expect(policy?.resetSeconds).toBeGreaterThan(3500);
    expect(policy?.resetSeconds).toBeLessThanOrEqual(3600);
    expect(reply.headers.get('ratelimit-policy')).toBe('"user";q=5;w=3600');
    expect(reply.headers.get('ratelimit')).toMatch(/^"user";r=4;t=\d+$/);
    expect(reply.headers.get('retry-after')).toBeNull();
    expect(reply.headers.get('x-ratelimit-limit')).toBeNull();
  });

  test('[TH-51 §4] 429: exactly this body, Retry-After in whole seconds not before the reset, no-store', async () => {
    const token = await shop.issue('api', { application: await freshApplication() });
    for (let count = 1; count <= 5; count += 1) expect((await throttled(token)).status).toBe(200);
    const reply = await throttled(token);
    expectThrottled(reply);
    expect(toldPolicies(reply)).toMatchObject([{ name: 'user', quota: 5, windowSeconds: 3600, remaining: 0 }]);
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(toldPolicy(reply, 'user').resetSeconds);
    expect(reply.headers.get('www-authenticate')).toBeNull();
  });

  test('[TH-47] a new token of the same principal buys no new quota', async () => {
    const application = await freshApplication();
    for (let count = 1; count <= 5; count += 1) {
      expect((await throttled(await shop.issue('api', { application }))).status).toBe(200);
    }
    expectThrottled(await throttled(await shop.issue('api', { application })));
    const [first, second] = [await freshApplication(), await freshApplication()];
    const before = toldPolicy(await throttled(await shop.issue('api', { application: first, user: 'bob' })), 'user');
    const after = toldPolicy(await throttled(await shop.issue('api', { application: second, user: 'bob' })), 'user');
    expect(after.remaining).toBe(before.remaining - 1);
  });

  test('[TH-47] a user and an application of the same name do not share', async () => {
    const application = await register(shop.oauth2, 'Called alice', 'alice');
    const ofUser = await shop.issue('api', { application, user: 'alice' });
    const ofApplication = await shop.issue('api', { application });
    for (let count = 1; count <= 5; count += 1) expect((await throttled(ofUser)).status).toBe(200);
    expectThrottled(await throttled(ofUser));
    expect(toldPolicy(await throttled(ofApplication), 'user').remaining).toBe(4);
  });

  test('[TH-46] a request that is refused by 401 or 403 spends nothing', async () => {
    const application = await freshApplication();
    const good = await shop.issue('api', { application });
    const lacking = await shop.issue('read', { application });
    const expired = await shop.issue('api', { application, lifetimeSeconds: -1 });
    for (let count = 1; count <= 8; count += 1) {
      const refused = await throttled(lacking);
      expect(refused.status).toBe(403);
      expect(toldPolicies(refused)).toEqual([]);
      expect((await throttled(expired)).status).toBe(401);
    }
    expect(toldPolicy(await throttled(good), 'user').remaining).toBe(4);
  });

  test('[TH-46] a request that one policy refuses spends nothing in the other', async () => {
    const address = '198.51.100.1';
    for (let count = 1; count <= 3; count += 1) expect((await from(address)).status).toBe(200);
    for (let count = 1; count <= 10; count += 1) {
      const refused = await from(address);
      expectThrottled(refused);
      expect(toldPolicy(refused, 'user').remaining).toBe(2);
      expect(toldPolicy(refused, 'anon').remaining).toBe(0);
    }
  });

  test('[TH-49] callers without credentials are counted by address, as a trusted proxy tells it', async () => {
    for (let count = 1; count <= 3; count += 1) expect((await from('198.51.100.2')).status).toBe(200);
    expectThrottled(await from('198.51.100.2'));
    expectThrottled(await from('203.0.113.99, 198.51.100.2'));
    expect((await from('198.51.100.3')).status).toBe(200);
  });

  test('[TH-49] IPv6 addresses count by their /64', async () => {
    for (const address of ['2001:db8:1:1::1', '2001:db8:1:1::2', '2001:db8:1:1:ffff::3']) {
      expect((await from(address)).status).toBe(200);
    }
    expectThrottled(await from('2001:db8:1:1:abcd::4'));
    expect((await from('2001:db8:1:2::1')).status).toBe(200);
  });

  test('[TH-47] machine clients behind one address do not share the budget of anonymous callers', async () => {
    const address = '198.51.100.4';
    for (let count = 1; count <= 3; count += 1) await from(address);
    expectThrottled(await from(address));
    for (const application of [await freshApplication(), await freshApplication()]) {
      const reply = await from(address, await shop.issue('', { application }));
      expect(reply.status).toBe(200);
      expect(toldPolicies(reply)).toMatchObject([{ name: 'user', remaining: 4 }]);
    }
  });

  test('[TH-49] an invalid token on an open action is counted by address', async () => {
    const reply = await from('198.51.100.5', 'unknown');
    expect(reply.status).toBe(200);
    expect(toldPolicy(reply, 'anon').remaining).toBe(2);
  });

  test('the budget of one principal is the same at every action that is throttled so', async () => {
    const application = await freshApplication();
    const token = await shop.issue('api', { application });
    await throttled(token);
    expect(toldPolicy(await call(`${shop.url}/api/open`, { token }), 'user').remaining).toBe(3);
  });

  test('what is not declared so is not throttled', async () => {
    const token = await shop.issue('api', { application: await freshApplication() });
    for (let count = 1; count <= 8; count += 1) {
      const reply = await call(`${shop.url}/api/protected`, { token });
      expect(reply.status).toBe(200);
      expect(toldPolicies(reply)).toEqual([]);
    }
  });
});

describe.each(STACKS)('where no proxy is trusted, on %s', (name) => {
  const shop = useBookstore(name, { environment: { THROTTLE_USER: 'null', THROTTLE_ANON: '3/hour' } });

  test('[TH-49] X-Forwarded-For is ignored', async () => {
    const statuses = [];
    for (let host = 1; host <= 4; host += 1) {
      const headers = { 'x-forwarded-for': `198.51.100.${host}` };
      statuses.push((await call(`${shop.url}/api/open`, { headers })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  test('a rate of null is no limit, and is not told of', async () => {
    const token = await shop.issue('api');
    for (let count = 1; count <= 8; count += 1) {
      const reply = await call(`${shop.url}/api/throttled`, { token });
      expect(reply.status).toBe(200);
      expect(toldPolicies(reply)).toEqual([]);
    }
  });
});

/** A 429 as every caller sees it. */
function expectThrottled(reply: Reply): void {
  expect(reply.status).toBe(429);
  const retryAfter = reply.headers.get('retry-after') ?? '';
  expect(retryAfter).toMatch(/^[1-9]\d*$/);
  const unit = retryAfter === '1' ? 'second' : 'seconds';
  expect(reply.body).toEqual({
    error: 'throttled',
    error_description: `Request was throttled. Expected available in ${retryAfter} ${unit}.`,
  });
  expect(reply.headers.get('cache-control')).toBe('no-store');
}
