import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { register, STACKS, useBookstore } from '../../support/bookstore.js';

describe.each(STACKS)('inspection, on %s', (name) => {
  const shop = useBookstore(name);
  const inspect = (token: string) => shop.oauth2.tokens.inspect(token);

  test('[RFC 7662 §2.2] an active token: its scope, application, user and times in seconds', async () => {
    const application = await register(shop.oauth2, 'Inspected');
    const before = Math.floor(Date.now() / 1000);
    const token = await shop.issue('read write', { application, user: 'alice', lifetimeSeconds: 600 });
    const inspection = await inspect(token);
    expect(inspection).toEqual({
      active: true,
      scope: 'read write',
      client_id: application,
      token_type: 'Bearer',
      exp: expect.any(Number),
      iat: expect.any(Number),
      sub: 'alice',
    });
    const { iat, exp } = inspection as { iat: number; exp: number };
    expect(exp - iat).toBe(600);
    expect(iat).toBeGreaterThanOrEqual(before);
    expect(iat).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
  });

  test('[RFC 7662 §2.2] a client-credentials token has no sub', async () => {
    const inspection = await inspect(await shop.issue('read'));
    expect(inspection.active).toBe(true);
    expect(inspection).not.toHaveProperty('sub');
    expect(inspection).not.toHaveProperty('aud');
  });

  test('[RFC 7662 §2.2] every other token is exactly {"active": false}', async () => {
    const revoked = await shop.issue('read', { user: 'alice' });
    await shop.oauth2.tokens.revoke(revoked);
    const application = await register(shop.oauth2, 'Disabled');
    const ofDisabled = await shop.issue('read', { application });
    await shop.oauth2.applications.disable(application);
    const tokens = [
      randomBytes(32).toString('base64url'),
      revoked,
      ofDisabled,
      await shop.issue('read', { user: 'alice', lifetimeSeconds: -1 }),
      '',
      'a b',
      'ey.x.y',
    ];
    for (const token of tokens) expect(JSON.stringify(await inspect(token))).toBe('{"active":false}');
  });

  test('[RS-37 RFC 6819 §5.1.4.1.3] the stored row comes along, unserialized, and without the token', async () => {
    const token = await shop.issue('read', { user: 'alice' });
    const inspection = await inspect(token);
    expect(inspection.model).toMatchObject({ scope: 'read', userId: 'alice', revokedAtMilliseconds: null });
    expect(JSON.stringify(inspection)).not.toContain('model');
    expect(JSON.stringify(inspection.model)).not.toContain(token);
    expect(JSON.stringify(await shop.oauth2.knex('oauth2_access_tokens').select())).not.toContain(token);
  });
});
