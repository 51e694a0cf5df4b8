import { describe, expect, test } from '@jest/globals';
import { Authorized, CurrentUser, Get, JsonController } from 'routing-controllers';
import { Access, type RequestAccess } from '../../../src/public/index.js';
import { register, STACKS, useBookstore } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';
import { call } from '../../support/spec/http.js';
import { expectAccessDenied, expectInsufficientScope } from '../../support/spec/refusals.js';

const USER_NEEDED = 'A user is needed: the credentials belong to an application alone.';

@JsonController('/who')
class Who {
  @Authorized('a')
  @Get()
  who(@Access() access: RequestAccess, @CurrentUser() user: unknown) {
    return {
      hasUser: user !== undefined,
      user: user ?? null,
      application: access.application ?? null,
      authType: access.authType,
      principal: access.principal.key,
    };
  }
}

describe.each(STACKS)('a client-credentials token, on %s', (name) => {
  const shop = useBookstore(name);
  const application = useApplication(name, { server: { controllers: [Who] } });

  test('[RS-12 RFC 9068 §5] where a user is needed: 403 access_denied, saying so', async () => {
    const token = await shop.issue('api admin');
    expectAccessDenied(await call(`${shop.url}/api/user-only`, { token }), USER_NEEDED);
  });

  test('[RS-12] with the right scopes: 200, no user', async () => {
    const token = await shop.issue('api read');
    expect(await call(`${shop.url}/api/protected`, { token })).toMatchObject({
      status: 200,
      body: { user: null, scopes: ['api', 'read'] },
    });
    expect(await call(`${shop.url}/api/hybrid`, { token })).toMatchObject({
      status: 200,
      body: { user: null, auth_type: 'oauth2' },
    });
  });

  test('[RS-12] user is undefined and application is set', async () => {
    const clientId = await register(application.oauth2, 'Machine');
    const token = await application.issue('a', { application: clientId });
    expect((await call(`${application.url}/who`, { token })).body).toEqual({
      hasUser: false,
      user: null,
      application: { clientId, name: 'Machine' },
      authType: 'oauth2',
      principal: `client:${clientId}`,
    });
  });

  test('[RS-12] an application that is called like a user is not that user', async () => {
    const clientId = await register(application.oauth2, 'Called alice', 'alice');
    const ofApplication = await application.issue('a', { application: clientId });
    const ofUser = await application.issue('a', { application: clientId, user: 'alice' });
    expect((await call(`${application.url}/who`, { token: ofApplication })).body).toMatchObject({
      hasUser: false,
      principal: 'client:alice',
    });
    expect((await call(`${application.url}/who`, { token: ofUser })).body).toMatchObject({
      hasUser: true,
      application: { clientId: 'alice' },
      principal: 'user:alice',
    });
  });

  test('[RS-7 §3.1] without the scopes: 403 like any other token', async () => {
    const token = await shop.issue('read');
    expectInsufficientScope(await call(`${shop.url}/api/protected`, { token }), {
      required: ['api'],
      provided: ['read'],
      scope: 'api',
    });
  });
});
