import { describe, expect, test } from '@jest/globals';
import { Get, JsonController } from 'routing-controllers';
import { ConfigurationError } from '../../../src/core/errors.js';
import { readDefaultRequirement } from '../../../src/resource-server/permissions/default-requirement.js';
import type { Permission } from '../../../src/resource-server/permissions/permission.js';
import type { ActionReference } from '../../../src/routing-controllers/action-reference.js';
import { Authorized } from '../../../src/routing-controllers/decorators/authorized.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { RequiredScopes } from '../../../src/routing-controllers/decorators/required-scopes.js';
import { Throttle } from '../../../src/routing-controllers/decorators/throttle.js';
import { actionsOf, compilerOf } from '../../support/permissions/plans.js';

class Broken implements Permission {
  validate(): void {
    throw new TypeError('a fault in the permission');
  }
  hasPermission(): boolean {
    return true;
  }
}

class NotHere implements Permission {
  validate(): void {
    throw new ConfigurationError('cannot work here.');
  }
  hasPermission(): boolean {
    return true;
  }
}

@JsonController('/books')
class Books {
  @RequiredScopes('books')
  @Throttle('user')
  @Get('/')
  list() {}

  @Public()
  @Get('/open')
  open() {}

  @Get('/bare')
  bare() {}

  @Authorized(NotHere)
  @Get('/not-here')
  notHere() {}

  @Authorized(Broken)
  @Get('/broken')
  broken() {}

  @Authorized('a')
  @Throttle('nobody')
  @Get('/odd')
  odd() {}
}

const actions = actionsOf(Books);
const compiled = (method: string, compiler = compilerOf()) => compiler.compile(actions[method] as ActionReference);

describe('a plan has', () => {
  test('the action with its scopes, what it requires, its throttle and its names for events and traces', () => {
    const { plan, declared, problem } = compiled('list');
    const path = { method: 'list', verb: 'GET', path: '/books/' };
    expect(problem).toBeUndefined();
    expect(declared).toMatchObject({ isPublic: false, requiredScopes: ['books'], throttles: ['user'] });
    expect(plan).toMatchObject({
      action: { ...path, controller: Books, requiredScopes: ['books'], readScope: 'read', writeScope: 'write' },
      eventAction: { ...path, controller: 'Books' },
      label: 'Books.list',
    });
    expect(plan?.requirement?.describe()).toBe('TokenHasScope(books)');
    expect(plan?.throttle.policies.map(({ name }) => name)).toEqual(['user']);
    for (const part of [plan, plan?.action, plan?.eventAction]) expect(Object.isFrozen(part)).toBe(true);
  });

  test('no requirement where the action is public', () => {
    expect(compiled('open').plan).toMatchObject({ requirement: undefined, label: 'Books.open' });
  });
});

test('the option defaultRequirement stands where an action declares nothing, and nowhere else', () => {
  const compiler = compilerOf({ defaultRequirement: readDefaultRequirement('defaultRequirement', 'by-default') });
  expect(compiled('bare', compiler).plan?.requirement?.describe()).toBe('by-default');
  expect(compiled('open', compiler).plan?.requirement).toBeUndefined();
  expect(compiled('notHere', compiler).problem).toMatch(/cannot work here/);
});

describe('a mistake in declarations', () => {
  test.each([
    ['bare', /^Books\.bare \(GET \/books\/bare\): declares no requirement/],
    ['notHere', /^Books\.notHere \(GET \/books\/not-here\): cannot work here\.$/],
    ['odd', /^Books\.odd \(GET \/books\/odd\): .*@Throttle on Books\.odd \(GET \/books\/odd\).*nobody/],
  ])('is returned with the name of the action: %s', (method, text) => {
    const { plan, declared, problem } = compiled(method);
    expect([plan, declared]).toEqual([undefined, undefined]);
    expect(problem).toMatch(text);
  });

  test('may be a scope that no option names, if some are named', () => {
    expect(compiled('list', compilerOf({ knownScopes: new Set(['books']) })).problem).toBeUndefined();
    expect(compiled('list', compilerOf({ knownScopes: new Set(['shelf']) })).problem).toMatch(
      /^Books\.list .* requires the scope books, which no option names/,
    );
  });

  test('is not a fault in the code of the host, which is thrown', () => {
    expect(() => compiled('broken')).toThrow(new TypeError('a fault in the permission'));
  });
});
