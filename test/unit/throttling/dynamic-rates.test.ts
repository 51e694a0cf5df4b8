import { describe, expect, test } from '@jest/globals';
import { createThrottle, type PolicyOptions, type ThrottleOutcome } from '../../../src/throttling/index.js';
import { user } from '../../support/throttling/subjects.js';

const throttleOf = (policies: Record<string, PolicyOptions>) => {
  const compiled = createThrottle({ policies }).compile(Object.keys(policies));
  return (name = 'alice') => compiled.decide(user(name)) as ThrottleOutcome;
};

describe('a rate of a function', () => {
  test('is counted for each caller alone', () => {
    const ask = throttleOf({ user: { rate: () => '1/h' } });
    expect(['alice', 'bob', 'alice', 'bob'].map((name) => ask(name).allowed)).toEqual([true, true, false, false]);
  });

  test('that throws is reported as it is, also alongside one that answered at once', () => {
    const ask = throttleOf({
      user: { rate: () => '5/h' },
      other: {
        rate: () => {
          throw new Error('thrown');
        },
      },
    });
    expect(() => ask()).toThrow('thrown');
  });

  test('that is unlimited asks for no cost', () => {
    let asked = 0;
    const cost = () => {
      asked += 1;
      return 1;
    };
    const ask = throttleOf({ user: { rate: () => null, cost } });
    expect(ask()).toMatchObject({ allowed: true, fields: {} });
    expect(asked).toBe(0);
  });

  test('is read once, and a thousand different ones are remembered', () => {
    let prepared = 0;
    let rate = '';
    const engine = {
      consume: () => ({ allowed: true, results: [{ allowed: true, remaining: 1, resetMilliseconds: 1 }] }),
      refund() {},
      prepare: () => {
        prepared += 1;
      },
    };
    const policies = { user: { rate: () => rate } };
    const compiled = createThrottle({ policies, engine, failedAuthentication: null }).compile(['user']);
    const ask = (limit: number) => {
      rate = `${limit}/h`;
      compiled.decide(user('alice'));
      return prepared;
    };
    for (let limit = 1; limit <= 1000; limit += 1) expect(ask(limit)).toBe(limit);
    expect([ask(1), ask(1000)]).toEqual([1000, 1000]);
    // There is no room for another one: all are forgotten.
    expect([ask(1001), ask(1), ask(1001)]).toEqual([1001, 1002, 1002]);
  });
});
