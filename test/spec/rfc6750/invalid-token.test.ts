import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { sha256 } from '../../../src/core/digest.js';
import { AccessToken } from '../../../src/public/index.js';
import { register, STACKS, useBookstore } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';
import { call } from '../../support/spec/http.js';
import { EXPIRED, expectInvalidToken } from '../../support/spec/refusals.js';

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe.each(STACKS)('a token that is not good, on %s', (name) => {
  const shop = useBookstore(name);
  const get = (token: string) => call(`${shop.url}/api/protected`, { token });

  test('[RS-6 §3.1] an unknown token: 401 invalid_token', async () => {
    expectInvalidToken(await get(randomBytes(32).toString('base64url')));
  });

  test('[RS-6 §3.1] an expired token: 401 invalid_token with a description of its own', async () => {
    expectInvalidToken(await get(await shop.issue('api', { user: 'alice', lifetimeSeconds: -1 })), EXPIRED);
  });

  test('[RS-6 §3.1] a token that expires while it is in use is refused from then on', async () => {
    const token = await shop.issue('api', { user: 'alice', lifetimeSeconds: 3 });
    expect((await get(token)).status).toBe(200);
    let reply = await get(token);
    for (const until = Date.now() + 20_000; reply.status === 200 && Date.now() < until; ) reply = await get(token);
    expectInvalidToken(reply, EXPIRED);
  });

  test('[RS-6 §3.1] unknown, revoked and malformed tokens get one and the same answer', async () => {
    const revoked = await shop.issue('api', { user: 'alice' });
    expect(await shop.oauth2.tokens.revoke(revoked)).toBe(true);
    const replies = [];
    for (const token of [
      revoked,
      randomBytes(32).toString('base64url'),
      'a b',
      '=',
      'x'.repeat(9000),
      'a'.repeat(43),
    ]) {
      const { status, text, headers } = await get(token);
      const { date: _date, ...fields } = Object.fromEntries(headers);
      replies.push({ status, text, fields });
    }
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
    expect(replies[0]?.status).toBe(401);
  });

  test('[RS-16 RFC 7009 §2.1] a revoked token that was in use dies', async () => {
    const token = await shop.issue('api', { user: 'alice' });
    expect((await get(token)).status).toBe(200);
    await shop.oauth2.tokens.revoke(token);
    await expectRefusedSoon(() => get(token));
  });

  test('[RS-17] the token of a disabled user is invalid', async () => {
    expectInvalidToken(await get(await shop.issue('api', { user: 'carol' })));
  });

  test('[RS-17] the token of a user who does not exist is invalid', async () => {
    expectInvalidToken(await get(await shop.issue('api', { user: 'nobody' })));
  });

  test('[RS-17] the tokens of a disabled application are invalid, also those in use', async () => {
    const application = await register(shop.oauth2, 'To be disabled');
    const used = await shop.issue('api', { user: 'alice', application });
    const unused = await shop.issue('api', { user: 'alice', application });
    expect((await get(used)).status).toBe(200);
    await shop.oauth2.applications.disable(application);
    expectInvalidToken(await get(unused));
    await expectRefusedSoon(() => get(used));
  });

  test('[RS-10] tokens of another kind are invalid: an ID token, a JWT that is none, ey.x.y', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: 'https://issuer.example', sub: 'alice', aud: 'client', iat: now, exp: now + 600 };
    const signature = randomBytes(32).toString('base64url');
    expectInvalidToken(await get(`${base64url({ alg: 'RS256', typ: 'JWT' })}.${base64url(claims)}.${signature}`));
    expectInvalidToken(await get(`${base64url({ alg: 'none' })}.${base64url({ ...claims, scope: 'api' })}.`));
    expectInvalidToken(await get('ey.x.y'));
  });

  test('[RS-10] a refresh token is no access token', async () => {
    const model = await modelOf(await shop.issue('api', { user: 'alice' }));
    const refreshToken = randomBytes(32).toString('base64url');
    await shop.oauth2.knex('oauth2_refresh_tokens').insert({
      token_hash: sha256(refreshToken),
      application_id: model.applicationId,
      user_id: 'alice',
      scope: 'api',
      created_at_ms: Date.now(),
      expires_at_ms: Date.now() + 60_000,
      family_id: randomBytes(16).toString('base64url'),
      family_expires_at_ms: Date.now() + 60_000,
    });
    expectInvalidToken(await get(refreshToken));
  });

  test('[RS-20 RFC 9449 §7, RS-21] a token that is bound to a key or a certificate is no bearer token', async () => {
    for (const payload of [{ jkt: 'thumbprint' }, { 'x5t#S256': 'thumbprint' }]) {
      const token = await shop.issue('api', { user: 'alice' });
      const { id } = await modelOf(token);
      await shop.oauth2
        .knex(AccessToken.tableName)
        .where({ id })
        .update({ payload: JSON.stringify(payload) });
      expectInvalidToken(await get(token));
    }
  });

  test('[RS-9 RFC 8707 §2] a token that names an audience is not for a resource without a name', async () => {
    const token = await shop.issue('api', { user: 'alice' });
    const { id } = await modelOf(token);
    await shop.oauth2.knex(AccessToken.tableName).where({ id }).update({ audience: '["https://other.example"]' });
    expectInvalidToken(await get(token));
  });

  async function modelOf(token: string): Promise<AccessToken> {
    const { model } = await shop.oauth2.tokens.inspect(token);
    if (model === undefined) throw new Error('The token is not stored.');
    return model;
  }
});

@Authorized('a')
@JsonController('/guarded')
class Guarded {
  @Get()
  get() {
    return {};
  }
}

describe.each(STACKS)('a user who is disabled while the token is in use, on %s', (name) => {
  let active = true;
  const application = useApplication(name, {
    oauth2: { users: { findById: (id) => ({ id }), isActive: () => active } },
    server: { controllers: [Guarded] },
  });
  const get = (token: string) => call(`${application.url}/guarded`, { token });

  test('[RS-17] the cached token is refused when the caches are told, and lives again with the user', async () => {
    const token = await application.issue('a', { user: 'alice' });
    expect((await get(token)).status).toBe(200);
    active = false;
    await application.oauth2.tokens.invalidate({ user: 'alice' });
    expectInvalidToken(await get(token));
    active = true;
    await application.oauth2.tokens.invalidate({ user: 'alice' });
    expect((await get(token)).status).toBe(200);
  });
});

/** Without Redis another process may trust its cache for a second. */
async function expectRefusedSoon(get: () => ReturnType<typeof call>): Promise<void> {
  let reply = await get();
  for (const until = Date.now() + 20_000; reply.status === 200 && Date.now() < until; ) reply = await get();
  expectInvalidToken(reply);
}
