import { describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { allOf, anyOf, IsAuthenticated, RequiredScopes, TokenHasScope } from '../../../src/public/index.js';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';
import { call } from '../../support/spec/http.js';
import { expectInsufficientScope } from '../../support/spec/refusals.js';

describe.each(STACKS)('a token that lacks a scope, on %s', (name) => {
  const shop = useBookstore(name);

  test('[RS-7 §3.1] 403 insufficient_scope with the scope in the challenge and both lists in the body', async () => {
    const token = await shop.issue('read write', { user: 'alice' });
    expectInsufficientScope(await call(`${shop.url}/api/protected`, { token }), {
      required: ['api'],
      provided: ['read', 'write'],
      scope: 'api',
    });
  });

  test('[RS-7 §3.1] the challenge names the whole scope, not only what is missing', async () => {
    const token = await shop.issue('books', { user: 'alice' });
    expectInsufficientScope(await call(`${shop.url}/books`, { token }), {
      required: ['books', 'books:read'],
      provided: ['books'],
      scope: 'books books:read',
    });
  });

  test('[RS-7 §3.1] a token without any scope provides none', async () => {
    const token = await shop.issue('', { user: 'alice' });
    expectInsufficientScope(await call(`${shop.url}/api/protected`, { token }), {
      required: ['api'],
      provided: [],
      scope: 'api',
    });
  });

  test('[RS-7 §3.1] alternatives are a list of lists in the body; the challenge names the first', async () => {
    const token = await shop.issue('post', { user: 'alice' });
    expectInsufficientScope(await call(`${shop.url}/api/documented`, { method: 'POST', token }), {
      required: [['create'], ['post', 'widget']],
      provided: ['post'],
      scope: 'create',
    });
  });

  test('[RS-7 §3.1] a scope is compared whole and by case', async () => {
    for (const scope of ['API', 'ap', 'apis', 'api:read']) {
      const token = await shop.issue(scope, { user: 'alice' });
      expect((await call(`${shop.url}/api/protected`, { token })).status).toBe(403);
    }
  });
});

describe.each(STACKS)('a token that lacks a scope, where ERROR_RESPONSE_WITH_SCOPES is off, on %s', (name) => {
  const shop = useBookstore(name, { environment: { ERROR_RESPONSE_WITH_SCOPES: 'off' } });

  test('[RS-7 §3.1] the body lists no scopes; the challenge still does', async () => {
    const token = await shop.issue('read', { user: 'alice' });
    const reply = await call(`${shop.url}/api/protected`, { token });
    expect(reply.status).toBe(403);
    expect(reply.body).toEqual({
      error: 'insufficient_scope',
      error_description: 'The request requires higher privileges than provided by the access token.',
    });
    expect(reply.headers.get('www-authenticate')).toMatch(/, scope="api", resource_metadata="[^"]+"(, DPoP |$)/);
  });
});

@JsonController('/composed')
class Composed {
  @Authorized(['a', ['b'], ['c', 'd']])
  @Get('/strings')
  strings() {
    return {};
  }

  @Authorized(allOf('a', anyOf('b', 'c d')))
  @Get('/all-of')
  allOf() {
    return {};
  }

  @RequiredScopes('a')
  @Authorized([TokenHasScope, anyOf(IsAuthenticated, 'b')])
  @Get('/permissions')
  permissions() {
    return {};
  }
}

describe.each(STACKS)('compositions that name scopes, on %s', (name) => {
  const application = useApplication(name, {
    oauth2: { errorResponseWithScopes: true },
    server: { controllers: [Composed] },
  });

  test.each([
    [
      '/composed/strings',
      [
        ['a', 'b'],
        ['a', 'c', 'd'],
      ],
      'a b',
    ],
    [
      '/composed/all-of',
      [
        ['a', 'b'],
        ['a', 'c', 'd'],
      ],
      'a b',
    ],
    ['/composed/permissions', ['a', 'b'], 'a b'],
  ] as const)('[RS-7 §3.1] required_scopes of %s are all choices that would do', async (path, required, scope) => {
    const token = await application.issue('x');
    expectInsufficientScope(await call(`${application.url}${path}`, { token }), { required, provided: ['x'], scope });
  });

  test.each([
    ['/composed/strings', 'a b', 200],
    ['/composed/strings', 'a c d', 200],
    ['/composed/strings', 'a c', 403],
    ['/composed/strings', 'b c d', 403],
    ['/composed/all-of', 'a c d', 200],
    ['/composed/all-of', 'c d', 403],
    ['/composed/permissions', 'a b', 200],
    ['/composed/permissions', 'a', 403],
  ])('%s with "%s": %i', async (path, scope, status) => {
    expect((await call(`${application.url}${path}`, { token: await application.issue(scope) })).status).toBe(status);
  });
});
