import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Context, Next } from 'koa';
import { Authorized, Body, CurrentUser, Get, JsonController, Param, Post, UseBefore } from 'routing-controllers';
import {
  Access,
  type Authenticator,
  bearer,
  CurrentToken,
  type OAuth2,
  type Permission,
  Public,
  type RequestAccess,
  Throttle,
  TokenHasScope,
  TokenService,
  type VerifiedToken,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

const order: string[] = [];

function noteUse(_context: Context, next: Next) {
  order.push('use-before');
  return next();
}

function noteCost(): number {
  order.push('throttle');
  return 1;
}

class Noting implements Permission {
  hasPermission(): boolean {
    order.push('permission');
    return true;
  }
}

class OwnerOrScope extends TokenHasScope {
  override readonly requiredScopes = ['notes'];
  override hasPermission(access: RequestAccess): boolean {
    return access.isAuthenticated;
  }
  hasObjectPermission(access: RequestAccess, _action: unknown, note: { owner: string }): boolean {
    return note.owner === access.userId || access.hasScopes(this.requiredScopes);
  }
}

class Faulty implements Permission {
  hasPermission(): boolean {
    throw new Error('SELECT password FROM users failed');
  }
}

@JsonController('/order')
class Ordered {
  @Authorized(Noting)
  @Throttle({ name: 'noting', rate: '1000/h', cost: noteCost })
  @UseBefore(noteUse)
  @Post('/')
  post(@Body() body: object, @CurrentUser() one: unknown, @CurrentUser() two: unknown) {
    order.push('action');
    return { body, same: one === two };
  }

  @Authorized(OwnerOrScope)
  @Get('/notes/:owner')
  async note(@Param('owner') owner: string, @Access() access: RequestAccess) {
    await access.checkObject({ owner });
    return { owner };
  }

  @Authorized(Faulty)
  @Get('/faulty')
  faulty() {
    return {};
  }

  @Authorized('a')
  @Get('/token')
  token(@CurrentToken() token: VerifiedToken, @Access() access: RequestAccess) {
    return { scopes: token.scopes, client: access.application?.name, user: access.user ?? null, type: access.authType };
  }

  @Public()
  @Get('/public')
  public(@CurrentUser() user: { id: string } | undefined, @CurrentToken() token: VerifiedToken | undefined) {
    return { user: user?.id ?? null, scopes: token?.scopes ?? null };
  }

  @Public()
  @Get('/public-token')
  publicToken(@CurrentToken({ required: true }) token: VerifiedToken) {
    return { scopes: token.scopes };
  }

  @Public()
  @Get('/quiet')
  quiet() {
    return {};
  }
}

class KeyAuthenticator implements Authenticator {
  authenticate(context: Context) {
    const key = context.get('X-Key');
    if (key === '') return undefined;
    return {
      authType: 'key',
      principal: { kind: 'user', id: key, key: `user:${key}` } as const,
      user: { id: key },
      userId: key,
    };
  }
  challenge(realm: string): string {
    return `Key realm="${realm}"`;
  }
}

describe.each([true, false])('in our entry with defaultErrorHandler %s', (defaultErrorHandler) => {
  let oauth2: OAuth2;
  let issue: (scope: string, user?: string) => Promise<string>;
  let lookUps: string[];
  let served: Served;
  const container = new Map<Function, unknown>();

  beforeAll(async () => {
    ({ oauth2, issue, lookUps } = await testOAuth2({ authenticators: [new KeyAuthenticator(), bearer()], container }));
    served = await serve(oauth2.createKoaServer({ controllers: [Ordered], defaultErrorHandler, development: true }));
  });
  afterAll(async () => {
    await served.close();
    await oauth2.close();
  });

  test('authentication, permission, throttle, @UseBefore, body and parameters come in this order', async () => {
    order.length = 0;
    lookUps.length = 0;
    const answer = await served.get('/order', {
      method: 'POST',
      headers: { ...bearerHeader(await issue('a', 'alice')), 'content-type': 'application/json' },
      body: '{"x":1}',
    });
    expect(await answer.json()).toEqual({ body: { x: 1 }, same: true });
    expect(order).toEqual(['permission', 'throttle', 'use-before', 'action']);
    expect(lookUps).toEqual(['alice']);
  });

  test('a body that cannot be parsed is 401 for a caller without token, and 400 in JSON for one with', async () => {
    order.length = 0;
    const post = (headers: Record<string, string>) =>
      served.get('/order', {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: '{"x":',
      });
    expect((await post({ authorization: 'Bearer nope' })).status).toBe(401);
    expect(order).toEqual([]);
    const refused = await post(bearerHeader(await issue('a')));
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([400, null]);
    expect(await refused.json()).toEqual({
      error: 'invalid_request',
      error_description: 'The body of the request cannot be read.',
    });
  });

  test('[RS-5] without credentials the challenges of all authenticators are sent', async () => {
    const refused = await served.get('/order/token');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Key realm="api", Bearer realm="api"');
  });

  test('an authenticator of your own is the principal of the request', async () => {
    const answer = await served.get('/order/notes/dave', { headers: { 'x-key': 'dave' } });
    expect(await answer.json()).toEqual({ owner: 'dave' });
  });

  test('a parameter gets the token and the access object', async () => {
    const answer = await served.get('/order/token', { headers: bearerHeader(await issue('a b')) });
    expect(await answer.json()).toEqual({ scopes: ['a', 'b'], client: 'demo', user: null, type: 'oauth2' });
  });

  test('an object-level refusal from inside the action is the same 403 as that of a guard', async () => {
    const own = await served.get('/order/notes/alice', { headers: bearerHeader(await issue('x', 'alice')) });
    expect(own.status).toBe(200);
    const refused = await served.get('/order/notes/bob', { headers: bearerHeader(await issue('x', 'alice')) });
    expect([refused.status, refused.headers.get('cache-control')]).toEqual([403, 'no-store']);
    expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    expect(refused.headers.get('www-authenticate')).toContain('scope="notes"');
    expect(Object.keys((await refused.json()) as object)).toEqual(['error', 'error_description']);
  });

  test('a public action sees who is there, and nobody behind an invalid token', async () => {
    const ask = async (headers: Record<string, string>) => (await served.get('/order/public', { headers })).json();
    expect(await ask({})).toEqual({ user: null, scopes: null });
    expect(await ask(bearerHeader(await issue('a', 'alice')))).toEqual({ user: 'alice', scopes: ['a'] });
    expect(await ask({ authorization: 'Bearer nope' })).toEqual({ user: null, scopes: null });
    const required = await served.get('/order/public-token');
    expect([required.status, required.headers.get('www-authenticate')]).toEqual([
      401,
      'Key realm="api", Bearer realm="api"',
    ]);
  });

  test('a public action that asks for nobody looks nothing up', async () => {
    lookUps.length = 0;
    const token = await issue('a', 'alice');
    expect((await served.get('/order/quiet', { headers: bearerHeader(token) })).status).toBe(200);
    expect(lookUps).toEqual([]);
  });

  test('a fault in a permission refuses, and tells nothing outside', async () => {
    const refused = await served.get('/order/faulty', { headers: bearerHeader(await issue('a')) });
    expect(refused.status).toBe(500);
    expect(await refused.text()).toBe(
      '{"error":"server_error","error_description":"The server met an unexpected condition."}',
    );
  });

  test('a disabled user is refused like an unknown token', async () => {
    const disabled = await served.get('/order/token', { headers: bearerHeader(await issue('a', 'carol')) });
    const unknown = await served.get('/order/token', { headers: { authorization: 'Bearer nope' } });
    expect([disabled.status, await disabled.text()]).toEqual([401, await unknown.text()]);
  });

  test('the token service is in the container, and what it throws in an action is answered as an OAuth error', async () => {
    const service = container.get(TokenService) as TokenService;
    expect(service).toBe(oauth2.tokens);
    await expect(service.verify('nope')).rejects.toMatchObject({ status: 401, httpCode: 401, code: 'invalid_token' });
  });
});
