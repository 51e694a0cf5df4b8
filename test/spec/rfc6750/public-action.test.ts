import { describe, expect, test } from '@jest/globals';
import { CurrentUser, Get, JsonController } from 'routing-controllers';
import { CurrentToken, Public, type VerifiedToken } from '../../../src/public/index.js';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { type SmallUser, useApplication } from '../../support/spec/application.js';
import { call } from '../../support/spec/http.js';
import { expectInvalidToken, expectNoCredentials } from '../../support/spec/refusals.js';

@Public()
@JsonController('/open')
class Open {
  @Get('/user')
  user(@CurrentUser() user?: SmallUser) {
    return { user: user?.id ?? null };
  }

  @Get('/required-user')
  requiredUser(@CurrentUser({ required: true }) user: SmallUser) {
    return { user: user.id };
  }

  @Get('/required-token')
  requiredToken(@CurrentToken({ required: true }) token: VerifiedToken) {
    return { scopes: token.scopes };
  }
}

describe.each(STACKS)('an action without requirement, on %s', (name) => {
  const shop = useBookstore(name);
  const application = useApplication(name, { server: { controllers: [Open] } });

  test('is open to a caller without credentials, and knows one who has some', async () => {
    expect(await call(`${shop.url}/api/public`)).toMatchObject({ status: 200, body: { user: null } });
    const token = await shop.issue('', { user: 'alice' });
    expect(await call(`${shop.url}/api/public`, { token })).toMatchObject({ status: 200, body: { user: 'alice' } });
  });

  test('an invalid token there is an anonymous caller', async () => {
    const expired = await shop.issue('api', { user: 'alice', lifetimeSeconds: -1 });
    const disabled = await shop.issue('api', { user: 'carol' });
    for (const token of ['unknown', 'a b', expired, disabled]) {
      const reply = await call(`${shop.url}/api/public`, { token });
      expect(reply).toMatchObject({ status: 200, body: { user: null } });
      expect(reply.headers.get('www-authenticate')).toBeNull();
    }
  });

  test('[RS-12 RFC 9068 §5] the token of an application alone makes no user', async () => {
    const token = await shop.issue('api');
    expect(await call(`${shop.url}/api/public`, { token })).toMatchObject({ status: 200, body: { user: null } });
  });

  test('[RS-5 §3.1] @CurrentUser({ required: true }) there: 401', async () => {
    const path = `${application.url}/open/required-user`;
    expectNoCredentials(await call(path));
    expectInvalidToken(await call(path, { token: 'unknown' }));
    const token = await application.issue('', { user: 'alice' });
    expect(await call(path, { token })).toMatchObject({ status: 200, body: { user: 'alice' } });
  });

  test('[RS-5 §3.1] @CurrentToken({ required: true }) there: 401', async () => {
    const reply = await call(`${application.url}/open/required-token`);
    expect(reply.status).toBe(401);
    expect(reply.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect(reply.headers.get('cache-control')).toBe('no-store');
    const token = await application.issue('x');
    expect(await call(`${application.url}/open/required-token`, { token })).toMatchObject({
      status: 200,
      body: { scopes: ['x'] },
    });
  });
});
