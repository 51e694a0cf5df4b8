import { afterAll, describe, expect, test } from '@jest/globals';
import { Authorized, Body, Get, JsonController, Post } from 'routing-controllers';
import {
  Access,
  AllowAny,
  allOf,
  createOAuth2,
  type GuardedAction,
  IsAuthenticated,
  IsAuthenticatedOrTokenHasScope,
  not,
  RequestAccess,
  RequiredScopes,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  TokenHasScope,
  TokenMatchesOASRequirements,
} from '../../../src/public/index.js';
import { STACKS } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';
import { call } from '../../support/spec/http.js';
import { expectInvalidToken } from '../../support/spec/refusals.js';

class SpoilsItsList extends TokenHasScope {
  override getScopes(access: RequestAccess, action: GuardedAction): string[] {
    const scopes = super.getScopes(access, action);
    if (access.query.more !== undefined) scopes.push('more');
    return scopes;
  }
}

class Resources extends TokenHasResourceScope {
  override readonly requiredAlternateScopes = { users: ['user:read'], posts: ['post:read', 'post:list'] };
}

class Breaks extends TokenHasScope {
  override readonly requiredScopes = ['a'];
  override hasPermission(): boolean {
    throw new Error('SELECT * FROM secrets');
  }
}

class OwnThing extends TokenHasScope {
  override readonly requiredScopes = ['a'];
  async hasObjectPermission(access: RequestAccess, _action: GuardedAction, object: unknown): Promise<boolean> {
    return (object as { owner: string }).owner === access.userId;
  }
}

@JsonController('/own')
class Own {
  @RequiredScopes('a')
  @Authorized(SpoilsItsList)
  @Get('/spoils')
  spoils() {
    return {};
  }

  @RequiredScopes('users', 'posts', 'music')
  @Authorized(Resources)
  @Get('/resources')
  resources() {
    return {};
  }

  @RequiredScopes('base')
  @Authorized(TokenHasReadWriteScope)
  @Get('/read-write')
  readWrite() {
    return {};
  }

  @Authorized(new TokenMatchesOASRequirements([{ oauth2: ['read', 'write'] }, { oauth2: ['admin'] }]))
  @Get('/openapi')
  openapi() {
    return {};
  }

  @Authorized(AllowAny)
  @Get('/any')
  any(@Access() access: RequestAccess) {
    return { known: access.isAuthenticated };
  }

  @Authorized(allOf(IsAuthenticated, not('banned')))
  @Get('/not')
  not() {
    return {};
  }

  @Authorized(Breaks)
  @Get('/breaks')
  breaks() {
    return {};
  }

  @Authorized(OwnThing)
  @Post('/things')
  async things(@Body() thing: { owner: string }, @Access() access: RequestAccess) {
    await access.checkObject(thing);
    return { scopes: access.scopes };
  }
}

describe.each(STACKS)('permissions of an application, on %s', (name) => {
  const application = useApplication(name, {
    oauth2: { readScope: 'see', writeScope: 'change' },
    server: { controllers: [Own], validation: { whitelist: true } },
  });
  const get = async (path: string, scope: string, user?: string) =>
    (await call(`${application.url}/own/${path}`, { token: await application.issue(scope, { user }) })).status;

  test('a returned list is a copy: one request never changes the next', async () => {
    expect(await get('spoils?more=1', 'a')).toBe(403);
    expect(await get('spoils?more=1', 'a more')).toBe(200);
    expect(await get('spoils', 'a')).toBe(200);
  });

  test('TokenHasResourceScope with a map of resources to scopes', async () => {
    expect(await get('resources', 'user:read post:read post:list music:see')).toBe(200);
    expect(await get('resources', 'user:read post:read music:see')).toBe(403);
    expect(await get('resources', 'users:see posts:see music:see')).toBe(403);
  });

  test('TokenHasReadWriteScope adds to the required scopes, by the names of the options', async () => {
    expect(await get('read-write', 'base see')).toBe(200);
    expect(await get('read-write', 'see')).toBe(403);
    expect(await get('read-write', 'base read')).toBe(403);
  });

  test('TokenMatchesOASRequirements in the form of OpenAPI', async () => {
    expect(await get('openapi', 'read write')).toBe(200);
    expect(await get('openapi', 'admin')).toBe(200);
    expect(await get('openapi', 'write')).toBe(403);
  });

  test('AllowAny lets anybody in, but credentials that are sent are checked', async () => {
    expect(await call(`${application.url}/own/any`)).toMatchObject({ status: 200, body: { known: false } });
    expectInvalidToken(await call(`${application.url}/own/any`, { token: 'unknown' }));
    const token = await application.issue('');
    expect(await call(`${application.url}/own/any`, { token })).toMatchObject({ status: 200, body: { known: true } });
  });

  test('not refuses whom the other allows', async () => {
    expect(await get('not', 'a', 'alice')).toBe(200);
    expect(await get('not', 'banned', 'alice')).toBe(403);
    expect((await call(`${application.url}/own/not`)).status).toBe(401);
  });

  test('a permission that breaks refuses, and says nothing of itself', async () => {
    const reply = await call(`${application.url}/own/breaks`, { token: await application.issue('a') });
    expect(reply.status).toBe(500);
    expect(reply.body).toEqual({ error: 'server_error', error_description: 'The server met an unexpected condition.' });
  });

  test('hasObjectPermission decides on the entity, also where the host whitelists what it validates', async () => {
    const token = await application.issue('a', { user: 'alice' });
    const post = (owner: string) => call(`${application.url}/own/things`, { method: 'POST', json: { owner }, token });
    expect(await post('alice')).toMatchObject({ status: 200, body: { scopes: ['a'] } });
    const refused = await post('bob');
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ error: 'access_denied' });
    expect(refused.headers.get('cache-control')).toBe('no-store');
  });
});

describe('a permission without its scopes declared', () => {
  const oauth2 = createOAuth2({ database: ':memory:' });
  afterAll(() => oauth2.close());

  test.each([TokenHasScope, TokenHasResourceScope, IsAuthenticatedOrTokenHasScope, TokenMatchesOASRequirements])(
    'is an error at start-up that names the action and the fix: %p',
    (permission) => {
      @JsonController('/undeclared')
      class Undeclared {
        @Authorized(permission)
        @Get()
        get() {
          return {};
        }
      }
      const start = () => oauth2.createKoaServer({ controllers: [Undeclared] });
      expect(start).toThrow(/Undeclared\.get \(GET \/undeclared\)/);
      expect(start).toThrow(permission.name);
    },
  );
});

describe('a permission that overrides only getScopes', () => {
  class OfTenant extends TokenHasScope {
    override getScopes(access: RequestAccess): string[] {
      return [`tenant:${String(access.query.tenant)}`];
    }
  }
  class OfShelf extends TokenHasResourceScope {
    override getScopes(access: RequestAccess): string[] {
      return [`shelf:${access.method.toLowerCase()}`];
    }
  }
  class OrOfTenant extends IsAuthenticatedOrTokenHasScope {
    override getScopes = (access: RequestAccess) => [`tenant:${String(access.query.tenant)}`];
  }
  @JsonController('/scoped')
  class Scoped {
    @Authorized(OfTenant)
    @Get('/tenant')
    tenant() {
      return {};
    }
    @Authorized(OfShelf)
    @Get('/shelf')
    shelf() {
      return {};
    }
    @Authorized(OrOfTenant)
    @Get('/either')
    either() {
      return {};
    }
  }
  const application = useApplication('SQLite + memory', { server: { controllers: [Scoped] } });
  const get = async (path: string, scope: string) =>
    (await call(`${application.url}/scoped/${path}`, { token: await application.issue(scope) })).status;

  test('starts without declared scopes, and requires what it says', async () => {
    expect(await get('tenant?tenant=5', 'tenant:5')).toBe(200);
    expect(await get('tenant?tenant=6', 'tenant:5')).toBe(403);
    expect(await get('shelf', 'shelf:get')).toBe(200);
    expect(await get('shelf', 'shelf:post')).toBe(403);
    expect(await get('either?tenant=5', 'tenant:5')).toBe(200);
    expect(await get('either?tenant=5', 'tenant:6')).toBe(403);
  });
});
