import { describe, expect, test } from '@jest/globals';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { call } from '../../support/spec/http.js';

describe.each(STACKS)('failed authentications, on %s', (name) => {
  const shop = useBookstore(name, {
    environment: { THROTTLE_FAILED_AUTHENTICATION: '5/hour', TRUSTED_PROXIES: '1' },
  });
  const from = (address: string, token?: string, path = '/api/protected') =>
    call(`${shop.url}${path}`, { headers: { 'x-forwarded-for': address }, token });
  const statusesOf = async (address: string, tokens: readonly string[]) => {
    const statuses = [];
    for (const token of tokens) statuses.push((await from(address, token)).status);
    return statuses;
  };

  test('[TH-48 §4] are limited by address: then 429 with Retry-After, also for a token that was never seen', async () => {
    const address = '198.51.100.10';
    const bad = Array.from({ length: 5 }, (_, index) => `unknown-${index}`);
    expect(await statusesOf(address, bad)).toEqual([401, 401, 401, 401, 401]);
    const reply = await from(address, 'unknown-6');
    expect(reply.status).toBe(429);
    expect(reply.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.body).toMatchObject({ error: 'throttled' });
    const fresh = await shop.issue('api', { user: 'alice' });
    expect((await from(address, fresh)).status).toBe(429);
    expect((await from('198.51.100.11', fresh)).status).toBe(200);
  });

  test('[TH-48] all kinds of failures count: the same token again, malformed, expired, revoked', async () => {
    const expired = await shop.issue('api', { user: 'alice', lifetimeSeconds: -1 });
    const revoked = await shop.issue('api', { user: 'alice' });
    await shop.oauth2.tokens.revoke(revoked);
    const tokens = ['same', 'same', 'a b', expired, revoked, 'same'];
    expect(await statusesOf('198.51.100.12', tokens)).toEqual([401, 401, 401, 401, 401, 429]);
  });

  test('[TH-48] what succeeds, and what lacks a scope, costs nothing', async () => {
    const address = '198.51.100.13';
    for (let count = 1; count <= 8; count += 1) {
      expect((await from(address, await shop.issue('api', { user: 'alice' }))).status).toBe(200);
      expect((await from(address, await shop.issue('read', { user: 'alice' }))).status).toBe(403);
      expect((await from(address)).status).toBe(401);
    }
    expect((await from(address, 'unknown')).status).toBe(401);
  });

  test('[TH-48] at once no more than the budget are answered with 401', async () => {
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, index) => from('198.51.100.14', `at-once-${index}`)),
    );
    const looked = replies.filter(({ status }) => status === 401).length;
    expect(looked).toBeLessThanOrEqual(5);
    expect(replies.filter(({ status }) => status === 429).length).toBe(40 - looked);
  });

  test('[TH-48] a token that was recently valid is not refused for the failures of its neighbours', async () => {
    const address = '198.51.100.15';
    const known = await shop.issue('api', { user: 'alice' });
    expect((await from(address, known)).status).toBe(200);
    const bad = Array.from({ length: 6 }, (_, index) => `neighbour-${index}`);
    expect(await statusesOf(address, bad)).toEqual([401, 401, 401, 401, 401, 429]);
    // Cold again, as a token without Redis is after a second.
    await shop.oauth2.tokens.invalidate({ user: 'alice' });
    expect((await from(address, known)).status).toBe(200);
    expect((await from(address, await shop.issue('api', { user: 'alice' }))).status).toBe(429);
  });
});
