import { describe, expect, test } from '@jest/globals';
import { parseList } from 'structured-headers';
import { createThrottle, type ThrottleOutcome, type ThrottlingOptions } from '../../../src/throttling/index.js';
import { anonymous, user } from '../../support/throttling/subjects.js';
import { VirtualClock } from '../../support/throttling/virtual-clock.js';

function ask(options: ThrottlingOptions, times = 1, subject = user('alice')): ThrottleOutcome {
  const compiled = createThrottle(options, { clock: new VirtualClock() }).compile(Object.keys(options.policies ?? {}));
  let outcome: ThrottleOutcome | undefined;
  for (let time = 0; time < times; time++) outcome = compiled.decide(subject) as ThrottleOutcome;
  return outcome as ThrottleOutcome;
}

const policies = {
  user: '100/h',
  'a.b:c-d_1': { rate: ['2/s', '999999999999999/366d'] },
  zero: { rate: '5/m', cost: 5 },
};

describe('the RateLimit fields', () => {
  test.each([1, 2])('parse as lists of strings with integer parameters (request %d)', (times) => {
    const { fields } = ask({ policies }, times);
    const read = (field: string) =>
      parseList(fields[field] as string).map(([name, parameters]) => [name, Object.fromEntries(parameters)]);
    expect(read('ratelimit-policy')).toEqual([
      ['user', { q: 100, w: 3600 }],
      ['a.b:c-d_1/1', { q: 2, w: 1 }],
      ['a.b:c-d_1/31622400', { q: 999_999_999_999_999, w: 31_622_400 }],
      ['zero', { q: 5, w: 60 }],
    ]);
    expect(read('ratelimit')).toEqual([
      ['user', { r: 99, t: 3600 }],
      ['a.b:c-d_1/1', { r: 1, t: 1 }],
      ['a.b:c-d_1/31622400', { r: 999_999_999_999_998, t: 31_622_400 }],
      ['zero', { r: 0, t: 60 }],
    ]);
  });

  test('name only policies that apply to the caller', () => {
    const { fields } = ask({ policies: { user: '100/h', anon: '10/h' } });
    expect(fields['ratelimit-policy']).toBe('"user";q=100;w=3600');
    const both = ask({ policies: { user: '100/h', anon: '10/h' } }, 1, anonymous());
    expect(both.fields['ratelimit-policy']).toBe('"user";q=100;w=3600, "anon";q=10;w=3600');
  });

  test('of draft 11 are those of draft 10', () => {
    expect(ask({ policies, fields: { version: 'draft-11' } })).toEqual(ask({ policies }));
  });

  test('can be left out', () => {
    expect(ask({ policies, fields: { version: false } }).fields).toEqual({});
  });
});

describe('the X-RateLimit fields', () => {
  test('tell of the scarcest policy, with the end of its window in seconds since the epoch', () => {
    const clock = new VirtualClock();
    const { fields } = ask({ policies: { user: '100/h', burst: '5/s' }, fields: { version: false, legacy: true } });
    expect(fields).toEqual({
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '4',
      'x-ratelimit-reset': String(clock.nowMilliseconds() / 1000 + 1),
    });
  });

  test('tell of the longest wait among policies that are spent alike', () => {
    const fields = { version: false, legacy: true } as const;
    const refused = ask({ policies: { burst: '1/s', user: '1/h' }, fields }, 2);
    expect(refused.allowed).toBe(false);
    expect(refused.fields['x-ratelimit-reset']).toBe(String(new VirtualClock().nowMilliseconds() / 1000 + 3600));
  });

  test.each([
    ['the scarcest, wherever it stands', { burst: '5/s', user: '100/h' }, '5', 1],
    ['the scarcest in the middle', { user: '100/h', burst: '5/s', day: '900/d' }, '5', 1],
    ['the longest wait of those alike, if it is first', { user: '5/h', burst: '5/s' }, '5', 3600],
    ['the longest wait of those alike, if it is last', { burst: '5/s', user: '5/h' }, '5', 3600],
    ['the first of those that are alike in both', { one: '2/h', two: { rate: '3/h', cost: 2 } }, '2', 3600],
  ])('tell of %s', (_, policies, limit, seconds) => {
    const told = ask({ policies, fields: { version: false, legacy: true } }).fields;
    expect(told['x-ratelimit-limit']).toBe(limit);
    expect(told['x-ratelimit-reset']).toBe(String(new VirtualClock().nowMilliseconds() / 1000 + seconds));
  });

  test('stand alongside the newer ones', () => {
    expect(Object.keys(ask({ policies: { user: '5/h' }, fields: { legacy: true } }).fields)).toEqual([
      'ratelimit-policy',
      'ratelimit',
      'x-ratelimit-limit',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
    ]);
  });
});
