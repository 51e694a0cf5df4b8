import { describe, expect, test } from '@jest/globals';
import {
  describeName,
  describePath,
  describeUrl,
  describeValue,
  MASK,
  maskUrls,
  secretsOf,
  withoutEach,
  withoutTexts,
  withoutValues,
} from '../../../../src/core/options/masking.js';

describe('of a value is shown', () => {
  test.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'true'],
    [999, '999'],
    [-999, '-999'],
    [1000, 'a number'],
    [-1000, 'a number'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [5n, 'a BigInt'],
    [Symbol('a'), 'a symbol'],
    [() => {}, 'a function'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [[], 'an empty list'],
    [[1], 'a list'],
    [Buffer.from('a'), 'bytes'],
    [new ArrayBuffer(1), 'bytes'],
    [new DataView(new ArrayBuffer(1)), 'bytes'],
    [new Map(), 'a Map'],
    [new Set(), 'a Set'],
    [new Date(0), 'a Date'],
    [/a/, 'a regular expression'],
    [Promise.resolve(), 'a promise'],
    [new TypeError('a'), 'an error'],
    [new URL('https://a.example'), 'a URL object'],
  ])('its kind, and what is small: %p', (value, shown) => {
    expect(describeValue(value)).toBe(shown);
  });

  test.each([
    ['', '""'],
    ['1h', '"1h"'],
    ['12s', '"12s"'],
    ['yes', '"yes"'],
    ['/api', '"/api"'],
    ['1234', 'a string'],
    ['api2', 'a string'],
    ['a\n', 'a string'],
    ['abcde', 'a string'],
    ['     ', 'a string of spaces'],
    ['mysql://host', 'a URL of the scheme mysql'],
    ['REDISS://host', 'a URL of the scheme rediss'],
    ['data:text', 'a URL of the scheme data'],
    ['myapp://host', 'a string'],
    ['at mysql://host', 'a string'],
  ])('of text, what cannot be a password: %j', (text, shown) => {
    expect(describeValue(text)).toBe(shown);
  });

  test('of a secret, not even that', () => {
    expect(describeValue('a', { secret: true })).toBe('a string');
    expect(describeValue('', { secret: true })).toBe('""');
    expect(describeValue(5, { secret: true })).toBe('a number');
    expect(describeValue(5, { secret: false })).toBe('5');
    expect(describeValue([5], { secret: true })).toBe('a list');
  });

  test('a number, where the option is one', () => {
    expect(describeValue(123_456, { number: true })).toBe('123456');
    expect(describeValue(123_456, { number: false })).toBe('a number');
  });

  test('a misspelt choice, and no other text', () => {
    expect(describeValue('clsoed', { near: ['open', 'closed'] })).toBe('"clsoed"');
    expect(describeValue('hunter', { near: ['open', 'closed'] })).toBe('a string');
    // Without choices there is nothing that it could be near to.
    expect(describeValue('hunter', { near: [] })).toBe('a string');
  });

  test('a name that people choose, where the option is one', () => {
    expect(describeValue('books:read', { name: true })).toBe('"books:read"');
    expect(describeValue('books:read', { name: false })).toBe('a string');
    expect(describeValue('k8Jx2-lQ', { name: true })).toBe('a string');
  });

  test.each([
    ['100/month', true],
    ['5/10minutes', true],
    ['1000/Hours', true],
    ['12/34', true],
    ['12345/', true],
    ['1234567890123456789/m', false],
    ['5/1234567m', false],
    ['5/hunter', false],
    ['5/xs', false],
    ['5/sx', false],
    ['a5/minute', false],
    ['5/minute!', false],
    ['hunter', false],
  ])('what reads as a rate, where the option is one: %s: %p', (text, shown) => {
    expect(describeValue(text, { rate: true })).toBe(shown ? JSON.stringify(text) : 'a string');
    expect(describeValue(text, { rate: false })).toBe('a string');
  });
});

describe('of a name that the host chose is shown', () => {
  test.each([
    ['maxEntries', true],
    ['books:read', true],
    ['per-minute', true],
    ['a.b_c', true],
    ['Page2', true],
    ['a'.repeat(48), true],
    ['a'.repeat(49), false],
    ['HTTP', false],
    ['2pages', false],
    ['q8Zk3lP0', false],
    ['-page', false],
    ['page-', false],
    ['page two', false],
  ])('what consists of words: %s: %p', (name, shown) => {
    expect(describeName(name)).toBe(shown ? name : MASK);
  });

  test('what resembles a known one', () => {
    expect(describeName('maxEntrys2', ['maxEntries'])).toBe('maxEntrys2');
    expect(describeName('hunter', ['maxEntries'])).toBe(MASK);
    expect(describeName('a'.repeat(49), ['a'.repeat(49)])).toBe(MASK);
  });
});

describe('of a place is shown', () => {
  test.each([
    ['https://a.example:8443/path?query', 'https://a.example:8443'],
    ['file:///etc/passwd', 'file:***'],
    ['urn:a:b', 'urn:***'],
    ['https:a.example/b', 'https:***'],
    ['https:a.example/http://b', 'https:***'],
    ['redis://@a.example', 'redis://a.example'],
    ['https://a.example/b@c', 'https://***'],
    ['https://a.example?b@c', 'https://***'],
    ['https://a.example#b@c', 'https://***'],
    ['https://a.example\\b@c', 'https://***'],
    ['https://user:word@a.example/b@c', 'https://***'],
    ['https://user@a.example', 'https://a.example'],
    ['myapp://a.example', 'a string'],
    ['https://', 'a URL of the scheme https'],
    ['/a', '"/a"'],
  ])('of %s the target: %s', (url, shown) => {
    expect(describeUrl(url)).toBe(shown);
  });

  test('of a file the path, if its extension says what it is', () => {
    const extension = /\.(?:sqlite|db)$/;
    for (const path of ['a.sqlite', '/var/lib/a.db', 'C:\\data\\a.db'])
      expect(describePath(path, extension)).toBe(path);
    for (const path of ['hunter2', 'a@b.db', 'a?b.db', 'a:b.db', 'CC:\\a.db', 'x C:\\a.db', 'a.db/hunter2']) {
      expect(describePath(path, extension)).toBe('a string');
    }
  });
});

describe('a text is shown without its secrets', () => {
  test.each([
    ['at mysql://root:p@:/ ss@host/a now', 'at mysql://***@host/a now'],
    ['at MYSQL://root@host', 'at MYSQL://***@host'],
    ['one mysql://a@b "and" redis://c@d', 'one mysql://***@b "and" redis://***@d'],
    ['one mysql://a\nmail b@c', 'one mysql://a\nmail b@c'],
    ['//host?password=a b', '//host?password=*** b'],
    ['//host?a=1&my_api-KEY=x#y', '//host?a=1&my_api-KEY=***#y'],
    ['//host;pwd=x&a="b"', '//host;pwd=***&a="b"'],
    ['//host?auth=x"y', '//host?auth=***"y'],
    ['//host?accesstoken=&secrets=a', '//host?accesstoken=***&secrets=***'],
    ['//host?passphrase=a&user=b', '//host?passphrase=***&user=b'],
    ['key=a', 'key=a'],
  ])('of URLs: %j', (text, shown) => {
    expect(maskUrls(text)).toBe(shown);
  });

  test('of known secrets, the longest first, and none of less than four characters', () => {
    expect(
      withoutTexts('no hunter2abc, hunter2, abc, abcd at redis://:x@y', ['abc', 'hunter2', 'hunter2abc', 'abcd']),
    ).toBe('no ***, ***, abc, *** at redis://***@y');
    expect(withoutEach('abc ab redis://:x@y', ['ab', 'abc'], 3)).toBe('*** ab redis://:x@y');
    expect(withoutEach('a.c abc', ['a.c'], 1)).toBe('*** abc');
  });

  test.each<[string, unknown]>([
    ['a text', 'hunter2'],
    ['a list', ['hunter2']],
    ['an object', { a: { b: 'hunter2' } }],
    ['a Map', new Map([['a', 'hunter2']])],
    ['a key of a Map', new Map([['hunter2', 1]])],
    ['a Set', new Set(['hunter2'])],
    ['a hidden member', Object.defineProperty({}, 'a', { value: 'hunter2' })],
    ['nine objects deep', [[[[[[[[['hunter2']]]]]]]]]],
    ['a URL', 'mysql://root:hunter2@host'],
    ['a URL without a user', 'redis://:hunter2@host'],
    ['a URL with a user alone', 'redis://hunter2@host'],
    ['a URL without slashes', 'redis:root:hunter2@host'],
    ['a URL over two lines', 'redis://a\nb:hunter2@host'],
    ['a parameter', 'mysql://host?password=hunter2&a=b'],
    ['a parameter that is escaped', 'mysql://host?password=h%75nter2'],
    ['one of several', ['other', 'hunter2']],
  ])('of the values of %s', (_name, value) => {
    expect(withoutValues('it was hunter2.', value)).toBe('it was ***.');
    expect(withoutValues('it was hunter2.', 5, value)).toBe('it was ***.');
  });

  test('of numbers, whatever their kind', () => {
    expect(withoutValues('12345 67890', 12345, [67890n])).toBe('*** ***');
  });

  test('of a value that holds itself, and of others whose members cannot be read', () => {
    const cycle: Record<string, unknown> = { a: 'hunter2' };
    cycle.self = cycle;
    expect(withoutValues('hunter2', cycle)).toBe('***');
    const closed = new Proxy({}, { ownKeys: () => { throw new Error('closed'); } }); // biome-ignore format: one line
    expect(withoutValues('hunter2', [closed, 'hunter2'])).toBe('***');
    let calls = 0;
    const counting = { get a() { calls += 1; return 'hunter2'; } }; // biome-ignore format: one line
    expect(withoutValues('hunter2', counting)).toBe('hunter2');
    expect(calls).toBe(0);
  });

  test('nothing is looked for at a depth beyond any option', () => {
    const deep = Array.from({ length: 12 }).reduce<unknown>((inner) => [inner], 'hunter2');
    expect(withoutValues('hunter2', deep)).toBe('hunter2');
    expect(withoutValues('hunter2', [[[[[[[[[['hunter2']]]]]]]]]])).toBe('hunter2');
    const maps = Array.from({ length: 12 }).reduce<unknown>((inner) => new Set([inner]), 'hunter2');
    expect(withoutValues('hunter2', maps)).toBe('hunter2');
    expect(withoutValues('null true', null, true, undefined)).toBe('null true');
  });

  test('the secrets of a URL are what stands before the host, and parameters, as written and decoded', () => {
    expect(secretsOf('redis://root:a%20b@host?token=c%64')).toEqual([
      'root:a%20b',
      'root:a b',
      'a%20b',
      'a b',
      'c%64',
      'cd',
    ]);
    expect(secretsOf('redis://a%@host')).toEqual(['a%', 'a%', 'a%', 'a%']);
    expect(secretsOf('//root:a@host')).toEqual([]);
    expect(secretsOf('text')).toEqual([]);
  });
});
