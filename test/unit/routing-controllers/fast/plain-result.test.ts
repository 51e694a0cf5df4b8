import { describe, expect, test } from '@jest/globals';
import { Exclude, instanceToPlain } from 'class-transformer';
import fc from 'fast-check';
import {
  copyIfPlain,
  plainResultsFirst,
  type TransformResult,
} from '../../../../src/routing-controllers/fast/plain-result.js';

class Account {
  name = 'alice';
  secret = 'wonderland';
}
Exclude()(Account.prototype, 'secret');

class List extends Array<unknown> {}

const primitives = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.bigInt(), fc.constantFrom(null, undefined));
const oddities = fc.oneof(
  fc.date(),
  fc.constantFrom(() => 'called', new Account(), new Map([['a', 1]]), new Set([1]), Buffer.from('a'), /a/),
  fc.constantFrom(List.from([1, 2]), Object.create(null), Object.create({ inherited: 1 })),
  fc.sparseArray(primitives, { maxLength: 5 }),
);
const keys = fc.oneof(fc.string(), fc.constantFrom('constructor', 'then', 'toJSON', 'length'));
const values = (leaf: fc.Arbitrary<unknown>) =>
  fc.letrec<{ any: unknown; record: Record<string, unknown>; list: unknown[] }>((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, leaf, tie('record'), tie('list')),
    record: fc.dictionary(keys, tie('any'), { maxKeys: 4, noNullPrototype: true }),
    list: fc.array(tie('any'), { maxLength: 4 }),
  }));

function objectsIn(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value !== 'object' || value === null) return found;
  found.add(value);
  for (const inner of Object.values(value)) objectsIn(inner, found);
  return found;
}

describe('a plain result', () => {
  test('is what class-transformer makes of it, whatever it holds', () => {
    const { record, list } = values(fc.oneof({ weight: 4, arbitrary: primitives }, { weight: 1, arbitrary: oddities }));
    fc.assert(
      fc.property(fc.oneof(record, list), (result) => {
        const copy = copyIfPlain(result);
        if (copy !== undefined) expect(copy).toStrictEqual(instanceToPlain(result));
      }),
      { numRuns: 2000 },
    );
  });

  test('is copied as a whole: what is changed in the copy does not change what the action holds', () => {
    const { record, list } = values(primitives);
    fc.assert(
      fc.property(fc.oneof(record, list), (result) => {
        const copy = copyIfPlain(result);
        const own = objectsIn(result);
        for (const object of objectsIn(copy)) expect(own.has(object)).toBe(false);
      }),
    );
  });

  test.each([
    ['an instance in an object', { account: new Account() }],
    ['an instance in an array', [new Account()]],
    ['an instance alone', new Account()],
    ['a date', { at: new Date() }],
    ['a function', { name: () => 'called' }],
    ['a hole', Array(2)],
    ['an own "constructor"', { constructor: 1 }],
    ['an own "__proto__"', JSON.parse('{"__proto__": 1}')],
    ['an object without prototype', Object.create(null)],
    ['a kind of array', List.from([1])],
    ['a Buffer', Buffer.from('a')],
  ])('is not seen in %s', (_what, result) => {
    expect(copyIfPlain(result as object)).toBeUndefined();
  });

  test('is not seen in what contains itself', () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    const list: unknown[] = [];
    list.push(list);
    expect(copyIfPlain(loop)).toBeUndefined();
    expect(copyIfPlain(list)).toBeUndefined();
  });

  test.each<[string, (inner: unknown) => object]>([
    ['objects', (inner) => ({ inner })],
    ['arrays', (inner) => [inner]],
  ])('is seen in sixteen %s in one another, and not in one more', (_what, around) => {
    let result = around('innermost');
    for (let levels = 1; levels < 16; levels += 1) result = around(result);
    expect(copyIfPlain(result)).toStrictEqual(result);
    expect(copyIfPlain(around(result))).toBeUndefined();
  });

  test('is seen in objects, arrays and primitives', () => {
    const result = { a: [1, 'b', null, undefined, { c: undefined }], d: true };
    expect(copyIfPlain(result)).toStrictEqual(result);
  });

  test('has the enumerable properties of its own, and no others', () => {
    const result = Object.defineProperty({ shown: 1 }, 'hidden', { value: 2 });
    Object.defineProperty(Object.prototype, 'inherited', { value: 3, enumerable: true, configurable: true });
    try {
      expect(Object.getOwnPropertyNames(copyIfPlain(result))).toEqual(['shown']);
      expect(Object.getOwnPropertyNames(instanceToPlain(result))).toEqual(['shown']);
    } finally {
      delete (Object.prototype as { inherited?: number }).inherited;
    }
  });
});

/** A copy that shares one member with what was copied. */
function copiedBut(name: string, result: unknown): object {
  return { ...(instanceToPlain(result) as object), [name]: (result as Record<string, unknown>)[name] };
}

describe('plainResultsFirst', () => {
  const action = { options: {}, responseClassTransformOptions: undefined } as unknown as Parameters<TransformResult>[1];
  const settings = { useClassTransformer: true };
  const RESULT = { hello: 'world' };

  /** A transformation, and how often results came to it since it was chosen. */
  function counting(transform: (result: unknown) => unknown, chosen = settings) {
    let calls = 0;
    const first = plainResultsFirst((result) => {
      calls += 1;
      return transform(result);
    }, chosen);
    calls = 0;
    return { transform: (result: unknown, of = action) => first(result, of, {} as never), calls: () => calls };
  }

  test('copies plain results itself where it copies as the upstream does', () => {
    const { transform, calls } = counting(instanceToPlain);
    expect(transform(RESULT)).toEqual(RESULT);
    expect(transform(RESULT)).not.toBe(RESULT);
    expect(calls()).toBe(0);
  });

  test('leaves instances, primitives and actions with options to the upstream', () => {
    const { transform, calls } = counting(instanceToPlain);
    expect(transform(new Account())).toEqual({ name: 'alice' });
    expect(transform('text')).toBe('text');
    transform(RESULT, { ...action, responseClassTransformOptions: { groups: ['a'] } } as never);
    transform(RESULT, { ...action, options: { transformResponse: false } } as never);
    expect(calls()).toBe(4);
  });

  test('leaves null to the upstream', () => {
    const { transform } = counting((result) => (result === null ? 'nothing' : instanceToPlain(result)));
    expect(transform(null)).toBe('nothing');
  });

  test.each<[string, (result: unknown) => unknown]>([
    ['gives the result itself', (result) => result],
    ['copies the outermost object only', (result) => ({ ...(result as object) })],
    ['copies all but lists', (result) => copiedBut('list', result)],
    ['copies all but objects in it', (result) => copiedBut('object', result)],
    ['leaves out what is undefined', (result) => JSON.parse(JSON.stringify(result))],
    ['adds to it', (result) => ({ ...(instanceToPlain(result) as object), version: 2 })],
    [
      'wants another call',
      () => {
        throw new TypeError('no such call');
      },
    ],
  ])('leaves every result to an upstream that %s', (_what, upstream) => {
    const { transform, calls } = counting(upstream);
    try {
      transform(RESULT);
    } catch {
      // What the upstream throws is the application's.
    }
    expect(calls()).toBe(1);
  });

  test.each([
    { useClassTransformer: false },
    { useClassTransformer: true, classToPlainTransformOptions: { strategy: 'excludeAll' } },
  ])('leaves every result to the upstream under the options %j', (chosen) => {
    const { transform, calls } = counting(instanceToPlain, chosen);
    transform(RESULT);
    expect(calls()).toBe(1);
  });
});
