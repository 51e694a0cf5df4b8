import { describe, expect, test } from '@jest/globals';
import {
  AccessDeniedError,
  authenticationContext,
  ForeignUser,
  IsAuthenticated,
  type Permission,
  type RequestAccess,
  TokenHasReadWriteScope,
  TokenHasScope,
} from '../../../src/public/index.js';
import { fakeAccess, fakeAction } from '../../../src/public/testing.js';

class OwnBooks implements Permission {
  hasPermission(): boolean {
    return true;
  }

  hasObjectPermission({ userId }: RequestAccess, _action: unknown, object: unknown): boolean {
    return (object as { readonly owner: string }).owner === userId;
  }
}

describe('fakeAccess', () => {
  test('without anything it is nobody, at GET /', () => {
    const access = fakeAccess();
    expect(access).toMatchObject({ isAuthenticated: false, user: undefined, token: undefined, method: 'GET' });
    expect(access.principal.kind).toBe('anonymous');
    expect([access.scopes, access.address(), access.context.path]).toEqual([[], 'ip:192.0.2.1', '/']);
  });

  test('a user with scopes has a token, one without them has none, as by a session', () => {
    const user = { id: 5, staff: true };
    const byToken = fakeAccess({ user, scopes: 'books:read books:write' });
    expect(byToken).toMatchObject({ user, userId: '5', clientId: 'test-client', authType: 'oauth2' });
    expect([byToken.hasScopes(['books:write']), byToken.hasScopes(['books:all'])]).toEqual([true, false]);
    expect(fakeAccess({ user })).toMatchObject({ user, userId: '5', authType: 'session', token: undefined });
    expect(fakeAccess({ user: 'ann', scopes: [] }).user).toEqual({ id: 'ann' });
  });

  test('an application alone has a token and no user', () => {
    const access = fakeAccess({ client: 'shop', scopes: ['books:read'] });
    expect(access).toMatchObject({ user: undefined, userId: undefined, clientId: 'shop' });
    expect(String(access.principal)).toBe('client:shop');
    expect(new IsAuthenticated().hasPermission(access)).toBe(false);
    expect(fakeAccess({ client: 'shop' }).isAuthenticated).toBe(true);
  });

  test('a user of a foreign issuer is a ForeignUser, and none of the host', () => {
    const access = fakeAccess({
      user: 'ann',
      scopes: [],
      issuer: 'https://login.example.com',
      claims: { tenant: 'a' },
    });
    expect(access.user).toBeInstanceOf(ForeignUser);
    expect([access.userId, access.token?.claims]).toEqual([undefined, { tenant: 'a' }]);
  });

  test('the request is a Koa context: query, header fields, parameters of the path', () => {
    const access = fakeAccess({
      method: 'post',
      path: '/books/5',
      query: { page: '2' },
      headers: { 'X-Tenant': 'north' },
      params: { id: '5' },
      address: '198.51.100.7',
    });
    const { context } = access;
    expect([access.method, access.query.page, access.headers['x-tenant'], access.address()]).toEqual([
      'POST',
      '2',
      'north',
      'ip:198.51.100.7',
    ]);
    expect([context.get('x-tenant'), context.params, context.url]).toEqual(['north', { id: '5' }, '/books/5?page=2']);
    expect(() => context.throw(404)).toThrow('Not Found');
  });

  test('permissions decide by it as by a real one', () => {
    const reader = fakeAccess({ user: 'ann', scopes: ['books', 'read'] });
    const writer = fakeAccess({ user: 'ann', scopes: ['books', 'write'], method: 'POST' });
    const permission = new TokenHasReadWriteScope();
    const action = fakeAction({ requiredScopes: ['books'] });
    expect([permission.hasPermission(reader, action), permission.hasPermission(writer, action)]).toEqual([true, true]);
    expect(permission.hasPermission(fakeAccess({ user: 'ann', scopes: ['books'] }), action)).toBe(false);
    expect(new TokenHasScope().hasPermission(reader, fakeAction({ requiredScopes: ['write'] }))).toBe(false);
    const recent = authenticationContext({ maxAgeSeconds: 300 });
    const ask = (authenticatedSecondsAgo: number) => () =>
      recent.hasPermission(fakeAccess({ user: 'ann', scopes: [], authenticatedSecondsAgo }), action);
    expect(ask(10)()).toBe(true);
    expect(ask(301)).toThrow();
  });

  test('checkObject asks the permissions that are given, and allows everything without them', async () => {
    const access = fakeAccess({ user: 'ann', scopes: [], permissions: [OwnBooks] });
    await access.checkObject({ owner: 'ann' });
    await expect(access.checkObject({ owner: 'bob' })).rejects.toThrow(AccessDeniedError);
    await fakeAccess({ user: 'ann' }).checkObject({ owner: 'bob' });
  });

  test('what is mistyped is refused, with the nearest name', () => {
    expect(() => fakeAccess({ scope: ['a'] } as never)).toThrow('did you mean fakeAccess.scopes?');
    expect(() => fakeAccess({ user: 'ann', scopes: ['a"b'] })).toThrow('fakeAccess scopes');
  });
});
