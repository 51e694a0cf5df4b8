import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { Authorized, Get, getMetadataArgsStorage, type MetadataArgsStorage } from 'routing-controllers';
import {
  responseHandlersMetadata,
  withIndexedMetadata,
} from '../../../../src/routing-controllers/fast/metadata-index.js';

const LISTS = ['controllers', 'actions', 'params', 'responseHandlers', 'uses', 'useInterceptors'] as const;
const SEARCHES = [
  'filterControllerMetadatasForClasses',
  'filterActionsWithTarget',
  'filterParamsWithTargetAndMethod',
  'filterResponseHandlersWithTarget',
  'filterResponseHandlersWithTargetAndMethod',
  'filterUsesWithTargetAndMethod',
  'filterInterceptorUsesWithTargetAndMethod',
] as const;

type Search = (target: unknown, method: string | undefined) => unknown[];

const storage = getMetadataArgsStorage();
const upstream = Object.getPrototypeOf(storage) as MetadataArgsStorage;

class Parent {}
class Child extends Parent {}
class Other {}

const targets = fc.constantFrom<Function>(Parent, Child, Other);
const methods = fc.constantFrom('a', 'b', 'constructor', undefined);

function fill(
  entries: readonly { list: (typeof LISTS)[number]; target: Function; method: string | undefined }[],
): void {
  for (const { list, target, method } of entries) {
    (storage[list] as object[]).push(list === 'params' ? { object: target.prototype, method } : { target, method });
  }
}

afterEach(() => {
  jest.restoreAllMocks();
  storage.reset();
});

describe('the indexes', () => {
  test('return what the searches of routing-controllers return, in the same order, also after entries were added', () => {
    const entry = fc.record({ list: fc.constantFrom(...LISTS), target: targets, method: methods });
    const questions = fc.array(fc.tuple(targets, methods), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), questions, (before, after, asked) => {
        storage.reset();
        for (const entries of [before, after]) {
          fill(entries);
          withIndexedMetadata(() => {
            for (const name of SEARCHES) {
              expect(Object.hasOwn(storage, name)).toBe(true);
              for (const [target, method] of asked) {
                const first = name === 'filterControllerMetadatasForClasses' ? [target] : target;
                const expected = (upstream[name] as Search).call(storage, first, method);
                const found = (storage[name] as Search)(first, method);
                expect(found).toHaveLength(expected.length);
                found.forEach((one, index) => {
                  expect(one).toBe(expected[index]);
                });
              }
            }
          });
        }
      }),
    );
  });

  test('an @Authorized that takes the place of one that was removed is found', () => {
    class Before {
      @Authorized('a')
      @Get('/before')
      get() {}
    }
    expect(responseHandlersMetadata.of(Before, 'get')).toHaveLength(1);
    const { responseHandlers } = storage;
    const length = responseHandlers.length;
    responseHandlers.splice(
      responseHandlers.findIndex(({ target }) => target === Before),
      1,
    );
    class After {
      @Authorized('b')
      @Get('/after')
      get() {}
    }
    expect(responseHandlers).toHaveLength(length);
    expect(responseHandlersMetadata.of(After, 'get')).toHaveLength(1);
    expect(responseHandlersMetadata.of(Before, 'get')).toEqual([]);
  });
});

describe('an entry is read', () => {
  /** Entries that count how often somebody asks for their class. */
  function counting(...controllers: Function[]) {
    const counts = controllers.map(() => 0);
    const entries = controllers.map((controller, index) => ({
      ...{ type: 'authorized', method: 'list' },
      get target() {
        counts[index] = (counts[index] ?? 0) + 1;
        return controller;
      },
    }));
    return { counts, entries: entries as never[] };
  }
  const found = (of: Function) => responseHandlersMetadata.of(of, 'list').length;

  test('once, however often the index is asked, and whatever is added', () => {
    const { counts, entries } = counting(Parent, Child, Other);
    storage.responseHandlers.push(...entries.slice(0, 2));
    expect([found(Parent), found(Child), found(Other)]).toEqual([1, 1, 0]);
    storage.responseHandlers.push(...entries.slice(2));
    expect([found(Parent), found(Child), found(Other)]).toEqual([1, 1, 1]);
    expect(counts).toEqual([1, 1, 1]);
  });

  test('no more after it was removed at the end, or with all others', () => {
    const { entries } = counting(Parent, Child);
    storage.responseHandlers.push(...entries);
    expect([found(Parent), found(Child)]).toEqual([1, 1]);
    storage.responseHandlers.pop();
    expect([found(Parent), found(Child)]).toEqual([1, 0]);
    storage.responseHandlers.pop();
    expect([found(Parent), found(Child)]).toEqual([0, 0]);
  });

  test('anew in a list that took the place of the other, also if its last entry is the same', () => {
    const { entries } = counting(Parent, Child, Other);
    const [parent, child, other] = entries as [never, never, never];
    storage.responseHandlers = [parent, other];
    expect([found(Parent), found(Child), found(Other)]).toEqual([1, 0, 1]);
    storage.responseHandlers = [child, other];
    expect([found(Parent), found(Child), found(Other)]).toEqual([0, 1, 1]);
  });
});

describe('a search of routing-controllers stays', () => {
  test.each(SEARCHES)('where it finds nothing: %s', (name) => {
    jest.spyOn(upstream, name).mockImplementation(() => []);
    const replaced = withIndexedMetadata(() => SEARCHES.filter((one) => Object.hasOwn(storage, one)));
    expect(replaced).toEqual(SEARCHES.filter((one) => one !== name));
  });

  test.each<[string, (classes: unknown[], found: unknown[]) => unknown[]]>([
    [
      'one class after the other',
      (classes, found) =>
        classes.flatMap((one) => found.filter((entry) => (entry as { target: unknown }).target === one)),
    ],
    ['nothing for one class alone', (classes, found) => (classes.length === 1 ? [] : found)],
    ['nothing for several classes', (classes, found) => (classes.length > 1 ? [] : found)],
  ])('where it finds controllers of %s', (_how, change) => {
    const search = upstream.filterControllerMetadatasForClasses;
    jest.spyOn(upstream, 'filterControllerMetadatasForClasses').mockImplementation(function (
      this: MetadataArgsStorage,
      classes,
    ) {
      return change(classes, search.call(this, classes)) as never;
    });
    withIndexedMetadata(() => {
      expect(Object.hasOwn(storage, 'filterControllerMetadatasForClasses')).toBe(false);
    });
  });

  test.each([
    ['finds other entries', () => []],
    ['finds them in another order', (...parameters: unknown[]) => original(...parameters).reverse()],
    ['copies the entries', (...parameters: unknown[]) => original(...parameters).map((entry) => ({ ...entry }))],
    [
      'fails',
      () => {
        throw new Error('needs more than a storage');
      },
    ],
  ])('where it %s', (_, search) => {
    jest.spyOn(upstream, 'filterActionsWithTarget').mockImplementation(function (this: MetadataArgsStorage, target) {
      self = this;
      return search(target) as never;
    });
    const replaced = withIndexedMetadata(() => SEARCHES.filter((name) => Object.hasOwn(storage, name)));
    expect(replaced).toEqual(SEARCHES.filter((name) => name !== 'filterActionsWithTarget'));
  });

  test('after the step, also if that fails', () => {
    expect(() =>
      withIndexedMetadata(() => {
        throw new Error('a controller is wrong');
      }),
    ).toThrow('a controller is wrong');
    expect(SEARCHES.filter((name) => Object.hasOwn(storage, name))).toEqual([]);
  });

  let self: MetadataArgsStorage = storage;
  const originalSearch = upstream.filterActionsWithTarget as (...parameters: unknown[]) => object[];
  const original = (...parameters: unknown[]) => originalSearch.apply(self, parameters);
});
