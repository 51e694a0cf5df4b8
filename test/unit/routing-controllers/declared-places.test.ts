import { describe, expect, test } from '@jest/globals';
import { Get, Authorized as PlainAuthorized } from 'routing-controllers';
import { ConfigurationError } from '../../../src/core/errors.js';
import { declaredPlaces, requiresSomething } from '../../../src/routing-controllers/declared-places.js';
import { Authorized } from '../../../src/routing-controllers/decorators/authorized.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { RequiredScopes } from '../../../src/routing-controllers/decorators/required-scopes.js';
import { Throttle } from '../../../src/routing-controllers/decorators/throttle.js';

@RequiredScopes('base')
class Base {
  @Public()
  @Get('/')
  list() {}
}

class Between extends Base {
  @Get('/other')
  other() {}
}

@Throttle('user')
class Books extends Between {
  @Authorized('a')
  override list() {}
}

const nothing = { authorized: undefined, requiredScopes: undefined, isPublic: false, throttles: [] };

describe('the places with declarations for an action', () => {
  test('are all of its class, its method and their ancestors that declare anything, nearest first', () => {
    expect(declaredPlaces(Books, 'list')).toEqual({
      classes: [
        { ...nothing, name: 'the class Books', depth: 0, throttles: ['user'] },
        { ...nothing, name: 'the class Base', depth: 2, requiredScopes: ['base'] },
      ],
      methods: [
        { ...nothing, name: 'the method Books.list', depth: 0, authorized: ['a'] },
        { ...nothing, name: 'the method Base.list', depth: 2, isPublic: true },
      ],
    });
    expect(declaredPlaces(Books, 'other').methods).toEqual([]);
  });

  test('are told apart by where they are, if classes of mixins have one name or none', () => {
    const mixin = (Parent: new () => object) => {
      @RequiredScopes('mixed')
      class Mixed extends Parent {}
      return Mixed;
    };
    const nameless = (Parent: new () => object) => {
      const [one] = [class extends Parent {}];
      Throttle('user')(one as Function);
      return one as new () => object;
    };
    @Public()
    class Top {}
    @Throttle('user')
    class Controller extends mixin(nameless(mixin(nameless(Top)))) {}
    const names = (of: Function) => declaredPlaces(of, 'list').classes.map(({ name }) => name);
    expect(names(Controller)).toEqual([
      'the class Controller',
      'the class Mixed (ancestor 1 of Controller)',
      'the class (anonymous) (ancestor 2 of Controller)',
      'the class Mixed (ancestor 3 of Controller)',
      'the class (anonymous) (ancestor 4 of Controller)',
      'the class Top',
    ]);
    class Single extends nameless(Top) {}
    expect(names(Single)).toEqual(['the class (anonymous) (ancestor 1 of Single)', 'the class Top']);
    expect(names(nameless(Top))).toEqual(['the class (anonymous)', 'the class Top']);
  });

  test('have one @Authorized each: of two, routing-controllers would drop one', () => {
    class Twice {
      @PlainAuthorized('a')
      @PlainAuthorized('b')
      list() {}
    }
    expect(() => declaredPlaces(Twice, 'list')).toThrow(
      new ConfigurationError(
        "has 2 @Authorized(...) on the method Twice.list, of which routing-controllers uses one and drops the rest; join them into one, e.g. @Authorized(['a', 'b']).",
      ),
    );
  });
});

describe('a place requires something', () => {
  const place = { ...nothing, name: 'here', depth: 0 };
  test.each([
    ['with an @Authorized, be it bare', { authorized: [] }, true],
    ['with @RequiredScopes, be they none', { requiredScopes: [] }, true],
    ['not with a throttle', { throttles: ['user'] }, false],
    ['not if it is public', { isPublic: true }, false],
  ])('%s', (_name, declared, expected) => {
    expect(requiresSomething({ ...place, ...declared })).toBe(expected);
  });
});
