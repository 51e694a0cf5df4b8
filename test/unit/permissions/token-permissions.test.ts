import { describe, expect, test } from '@jest/globals';
import { openApiSecurity } from '../../../src/resource-server/openapi-security/index.js';
import {
  IsAuthenticatedOrTokenHasScope,
  type OASRequirements,
  type ResourceScopes,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  TokenHasScope,
  TokenMatchesOASRequirements,
} from '../../../src/resource-server/permissions/index.js';
import type { GuardedAction } from '../../../src/resource-server/permissions/permission.js';
import type { RequestAccess } from '../../../src/resource-server/request-access.js';
import { action, anonymous, withClientToken, withSession, withToken } from '../../support/permissions/access.js';

describe('TokenHasScope', () => {
  const permission = new TokenHasScope();

  test('needs all of the required scopes', () => {
    expect(permission.hasPermission(withToken(['a', 'b', 'c']), action(['a', 'b']))).toBe(true);
    expect(permission.hasPermission(withToken(['a']), action(['a', 'b']))).toBe(false);
  });

  test('with an empty list any token is enough, and only a token', () => {
    expect(permission.hasPermission(withClientToken([]), action([]))).toBe(true);
    expect(permission.hasPermission(withSession(), action([]))).toBe(false);
    expect(permission.hasPermission(anonymous(), action([]))).toBe(false);
  });

  test('who has no token is refused without being asked for scopes', () => {
    class OfClaim extends TokenHasScope {
      override getScopes({ token }: RequestAccess): string[] {
        if (token === undefined) throw new Error('There is no token to read.');
        return [];
      }
    }
    expect(new OfClaim().hasPermission(anonymous(), action([]))).toBe(false);
  });

  test('without declared scopes it is a mistake at start-up', () => {
    expect(() => permission.validate(action(undefined))).toThrow(
      /TokenHasScope has no scopes to require; add @RequiredScopes/,
    );
    expect(() => permission.validate(action([]))).not.toThrow();
  });

  test('a subclass adds its own required scopes, and a wrong one is a mistake at start-up', () => {
    class Writes extends TokenHasScope {
      override readonly requiredScopes = ['write'];
    }
    expect(new Writes().hasPermission(withToken(['a', 'write']), action(['a']))).toBe(true);
    expect(new Writes().hasPermission(withToken(['a']), action(['a']))).toBe(false);
    expect(() => new Writes().validate(action(undefined))).not.toThrow();
    expect(new Writes().getScopes(withToken([]), action(['a', 'write', 'b']))).toEqual(['a', 'write', 'b']);
    class Wrong extends TokenHasScope {
      override readonly requiredScopes = ['wri"te'];
    }
    expect(() => new Wrong().validate(action([]))).toThrow(
      /Wrong.requiredScopes cannot be a string: it is not a scope name/,
    );
    class Joined extends TokenHasScope {
      override readonly requiredScopes = ['a b'];
    }
    expect(() => new Joined().validate(action([]))).toThrow(
      /Joined.requiredScopes cannot be a list: write one scope in each entry/,
    );
  });

  test('what getScopes returns is a copy: changing it changes no other request', () => {
    class Conditional extends TokenHasScope {
      override getScopes(access: RequestAccess, guarded: GuardedAction): string[] {
        const scopes = super.getScopes(access, guarded);
        if (access.query.include_sensitive) scopes.push('sensitive_data');
        return scopes;
      }
    }
    const conditional = new Conditional();
    const guarded = action(['api']);
    expect(conditional.hasPermission(withToken(['api'], 'GET', { include_sensitive: '1' }), guarded)).toBe(false);
    expect(conditional.hasPermission(withToken(['api']), guarded)).toBe(true);
    expect(guarded.requiredScopes).toEqual(['api']);
  });
});

describe('TokenHasReadWriteScope', () => {
  const permission = new TokenHasReadWriteScope();

  test.each(['GET', 'HEAD', 'OPTIONS'])('%s needs the read scope alongside the required ones', (method) => {
    expect(permission.hasPermission(withToken(['read', 'x'], method), action(['x']))).toBe(true);
    expect(permission.hasPermission(withToken(['read'], method), action(['x']))).toBe(false);
    expect(permission.hasPermission(withToken(['x'], method), action(['x']))).toBe(false);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])('%s needs the write scope', (method) => {
    expect(permission.hasPermission(withToken(['write'], method), action())).toBe(true);
    expect(permission.hasPermission(withToken(['read'], method), action())).toBe(false);
  });

  test('write does not imply read', () => {
    expect(permission.hasPermission(withToken(['write'], 'GET'), action())).toBe(false);
  });

  test('uses the names of the options', () => {
    const named = { ...action(), readScope: 'lesen' };
    expect(permission.hasPermission(withToken(['lesen']), named)).toBe(true);
  });

  test('needs no declared scopes', () => {
    expect(() => permission.validate(action(undefined))).not.toThrow();
  });
});

describe('TokenHasResourceScope', () => {
  test('music needs music:read to read and music:write to change', () => {
    const permission = new TokenHasResourceScope();
    expect(permission.hasPermission(withToken(['music:read']), action(['music']))).toBe(true);
    expect(permission.hasPermission(withToken(['music:read'], 'POST'), action(['music']))).toBe(false);
    expect(permission.hasPermission(withToken(['music:write'], 'POST'), action(['music']))).toBe(true);
    expect(permission.hasPermission(withToken(['music']), action(['music']))).toBe(false);
  });

  test('a map of resources says what each needs', () => {
    const permission = new TokenHasResourceScope({ users: ['user:read'], posts: ['post:read'] });
    expect(permission.hasPermission(withToken(['user:read']), action(['users']))).toBe(true);
    expect(permission.hasPermission(withToken(['post:read']), action(['users']))).toBe(false);
    expect(permission.hasPermission(withToken(['user:read', 'post:read']), action(['users', 'posts']))).toBe(true);
    expect(permission.hasPermission(withToken(['other:read']), action(['other']))).toBe(true);
  });

  test('names of Object.prototype are not in the map', () => {
    const permission = new TokenHasResourceScope({ users: ['user:read'] });
    expect(permission.hasPermission(withToken(['constructor:read']), action(['constructor']))).toBe(true);
  });

  test('an empty entry of the map, which would let every token in, is a mistake at start-up', () => {
    expect(() => new TokenHasResourceScope({ users: [] }).validate(action(['users']))).toThrow(
      /requiredAlternateScopes.users cannot be .*: give a list of scopes/,
    );
  });

  test('a list of scopes in the map is right, and a text is a mistake at start-up', () => {
    const where = 'TokenHasResourceScope.requiredAlternateScopes.users';
    const start = (users: unknown) => () =>
      new TokenHasResourceScope({ users } as ResourceScopes).validate(action(['users']));
    expect(start(['user:read', 'user:list'])).not.toThrow();
    expect(start('user:read')).toThrow(`${where} cannot be a string: give a list of scopes.`);
    expect(start(['user"read'])).toThrow(`${where} cannot be a string: it is not a scope name`);
  });

  test('an empty entry of a map that depends on the request lets no other token in', () => {
    class OfRequest extends TokenHasResourceScope {
      override getRequiredAlternateScopes(): ResourceScopes {
        return { users: [] };
      }
    }
    expect(new OfRequest().hasPermission(withToken([]), action(['users']))).toBe(false);
    expect(new OfRequest().hasPermission(withToken(['users:read']), action(['users']))).toBe(true);
  });

  test('without resources it is a mistake at start-up', () => {
    expect(() => new TokenHasResourceScope().validate(action(undefined))).toThrow(/no scopes to require/);
  });
});

describe('a subclass', () => {
  class OfTenant extends TokenHasScope {
    override getScopes({ query }: RequestAccess): string[] {
      return [`tenant:${String(query.tenant)}`];
    }
  }
  class OfShelf extends TokenHasResourceScope {
    override getScopes({ method }: RequestAccess): string[] {
      return [`shelf:${method}`];
    }
  }

  test('with scopes of its own needs none declared', () => {
    for (const permission of [OfTenant, OfShelf]) {
      expect(() => new permission().validate(action(undefined))).not.toThrow();
    }
  });

  /** As `get requiredAlternateScopes()` does in JavaScript; TypeScript refuses an accessor in place of a property. */
  const giving = <One extends object>(type: new () => One, given: unknown): One => {
    class Given extends (type as new () => object) {}
    Object.defineProperty(Given.prototype, 'requiredAlternateScopes', { get: () => given });
    return new Given() as One;
  };

  test('may give what it asks for by a getter', () => {
    const resources = giving(TokenHasResourceScope, { users: ['user:read'] });
    expect(resources.hasPermission(withToken(['user:read']), action(['users']))).toBe(true);
    expect(resources.hasPermission(withToken(['users:read']), action(['users']))).toBe(false);
    const requirements = giving(TokenMatchesOASRequirements, { GET: [['read']] });
    expect(requirements.hasPermission(withToken(['read']), action())).toBe(true);
    expect(requirements.hasPermission(withToken([]), action())).toBe(false);
  });
});

describe('IsAuthenticatedOrTokenHasScope', () => {
  const permission = new IsAuthenticatedOrTokenHasScope();

  test('lets a session user in, and a token that has the scopes', () => {
    expect(permission.hasPermission(withSession(), action(['api']))).toBe(true);
    expect(permission.hasPermission(withToken(['api']), action(['api']))).toBe(true);
  });

  test("a token's user does not make up for its scopes", () => {
    expect(permission.hasPermission(withToken([]), action(['api']))).toBe(false);
    expect(permission.hasPermission(anonymous(), action(['api']))).toBe(false);
  });
});

describe('TokenMatchesOASRequirements', () => {
  const byMethod = new TokenMatchesOASRequirements({ GET: [['read']], POST: [['create'], ['post', 'widget']] });

  test('one alternative with all of its scopes is enough', () => {
    expect(byMethod.hasPermission(withToken(['create'], 'POST'), action())).toBe(true);
    expect(byMethod.hasPermission(withToken(['post', 'widget'], 'POST'), action())).toBe(true);
    expect(byMethod.hasPermission(withToken(['post'], 'POST'), action())).toBe(false);
    expect(byMethod.hasPermission(withToken(['read'], 'POST'), action())).toBe(false);
  });

  test('HEAD uses the entry of GET; a method that is not listed is refused', () => {
    expect(byMethod.hasPermission(withToken(['read'], 'HEAD'), action())).toBe(true);
    expect(byMethod.hasPermission(withToken(['read', 'create'], 'PUT'), action())).toBe(false);
  });

  test('reads OpenAPI security requirements: a list of alternatives, in each every scheme', () => {
    const list = new TokenMatchesOASRequirements([{ oauth2: ['read', 'write'] }, { oauth2: ['admin'] }]);
    expect(list.hasPermission(withToken(['admin'], 'DELETE'), action())).toBe(true);
    expect(list.hasPermission(withToken(['read']), action())).toBe(false);
    const one = new TokenMatchesOASRequirements({ oauth2: ['read', 'write'] });
    expect(one.hasPermission(withToken(['read', 'write']), action())).toBe(true);
    expect(one.hasPermission(withToken(['read']), action())).toBe(false);
  });

  test('what cannot work is a mistake at start-up', () => {
    expect(() => new TokenMatchesOASRequirements().validate(action())).toThrow(/has no requirements/);
    expect(() => byMethod.validate(action([], 'DELETE'))).toThrow(/lists no alternatives for DELETE/);
    expect(() => new TokenMatchesOASRequirements({ GET: [] }).validate(action())).toThrow(
      /cannot be .*: give a list of alternatives/,
    );
    expect(() => new TokenMatchesOASRequirements({ GET: ['read'] } as never).validate(action())).toThrow(
      /cannot be .*: give a list of alternatives/,
    );
    expect(() => new TokenMatchesOASRequirements({ GET: [['re"ad']] }).validate(action())).toThrow(
      /is not a scope name/,
    );
    expect(() => byMethod.validate(action([], 'ALL'))).not.toThrow();
  });

  test.each<[unknown, string]>([
    [{ GET: [['read'], 'all'] }, 'TokenMatchesOASRequirements (GET) cannot be a list'],
    [{ oauth2: ['read'], POST: [['create']] }, 'TokenMatchesOASRequirements (oauth2) cannot be a list'],
    [[], 'TokenMatchesOASRequirements (the list) cannot be an empty list'],
  ])('%#: a mistake is told with its place and an example', (requirements, message) => {
    const start = () => new TokenMatchesOASRequirements(requirements as OASRequirements).validate(action());
    expect(start).toThrow(
      `${message}: give a list of alternatives, each a list of scopes, e.g. [['create'], ['post', 'widget']].`,
    );
  });

  test('a method that OpenAPI does not know may stand beside one that it does', () => {
    const also = new TokenMatchesOASRequirements({ GET: [['read']], PROPFIND: [['find']] });
    expect(also.hasPermission(withToken(['find'], 'PROPFIND'), action())).toBe(true);
    expect(also.hasPermission(withToken(['read'], 'PROPFIND'), action())).toBe(false);
  });

  test('without requirements everybody is refused', () => {
    expect(new TokenMatchesOASRequirements().hasPermission(withToken(['read']), action())).toBe(false);
  });

  test('a subclass may change its requirements: those of the time of the request count', () => {
    class Changing extends TokenMatchesOASRequirements {
      override requiredAlternateScopes: OASRequirements = { GET: [['read']] };
    }
    const changing = new Changing();
    expect(changing.hasPermission(withToken(['read']), action())).toBe(true);
    changing.requiredAlternateScopes = { GET: [['admin']] };
    expect(changing.hasPermission(withToken(['read']), action())).toBe(false);
    expect(changing.hasPermission(withToken(['admin']), action())).toBe(true);
  });

  describe('with an OpenAPI document', () => {
    const get = (scope: string) => ({ get: { security: [{ login: [scope] }] } });
    const documented = new TokenMatchesOASRequirements(
      openApiSecurity({
        openapi: '3.1.0',
        info: { title: 'Books', version: '1' },
        paths: { '/books': get('read'), '/shelves': get('shelf') },
        components: {
          securitySchemes: { login: { type: 'openIdConnect', openIdConnectUrl: 'https://login.example' } },
        },
      }),
    );
    const at = (routerPath: unknown, access: RequestAccess) => {
      Object.assign(access.context, { routerPath });
      return documented.hasPermission(access, action());
    };

    test('the route decides, and without one the path of the action', () => {
      expect(at('/shelves', withToken(['shelf']))).toBe(true);
      expect(at('/shelves', withToken(['read']))).toBe(false);
      for (const none of [undefined, /^\/shelves$/]) {
        expect(at(none, withToken(['read']))).toBe(true);
        expect(at(none, withToken(['shelf']))).toBe(false);
      }
    });

    test('an operation that it does not have is no mistake of a single action: all are compared at once', () => {
      expect(() => documented.validate(action([], 'POST'))).not.toThrow();
    });
  });
});
