import { describe, expect, test } from '@jest/globals';
import {
  type Charge,
  createThrottle,
  memoryEngine,
  type PolicyOptions,
  type ThrottleEngine,
  type ThrottleOutcome,
  type ThrottleSubject,
} from '../../../src/throttling/index.js';
import { anonymous, application, user } from '../../support/throttling/subjects.js';

describe('the description of a policy', () => {
  test.each<[string, string | null | PolicyOptions, string, object[] | undefined]>([
    ['a rate', '100/hour', '100/hour', [{ limit: 100, windowSeconds: 3600 }]],
    ['none', null, 'unlimited', []],
    ['no rate', { rate: null }, 'unlimited', []],
    ['a function', { rate: () => '5/h' }, 'by function', undefined],
    [
      'several rates',
      { rate: ['5/s', '9/h'] },
      '5/s and 9/h',
      [
        { limit: 5, windowSeconds: 1 },
        { limit: 9, windowSeconds: 3600 },
      ],
    ],
  ])('of %s names it', (_, policy, description, rates) => {
    const compiled = createThrottle({ policies: { user: policy } }).compile(['user']);
    expect(compiled.policies).toMatchObject([{ name: 'user', description, rates }]);
    expect(compiled.unlimited).toBe(description === 'unlimited');
  });
});

describe('a mistake in a policy is named with its fix', () => {
  test.each<[string, string | null | PolicyOptions, string]>([
    [
      'a b',
      '5/h',
      'its name must be 1 to 64 letters, digits and the characters _ . : - (it is sent in response fields).',
    ],
    ['x'.repeat(65), '5/h', 'its name must be 1 to 64 letters'],
    ['user', 5 as never, 'give a rate such as "100/hour", null, or an object with a rate.'],
    ['user', { rate: [] }, 'name a rate, or use null for no limit.'],
    ['user', { rate: [null, '5/h'] as never }, 'use null alone, not in a list.'],
    ['user', { rate: ['5/m', '9/60s'] }, 'it has two rates for the same period; keep the lower one.'],
    ['user', { rate: '5/h', cost: -1 }, 'a cost is a whole number from 0'],
    ['user', { rate: '5/h', cost: 6000 }, 'be 6000: it never fits into 5 in 3600 s; lower the cost or raise the rate.'],
    ['user', { rate: ['9/h', '5/m'], cost: 6 }, 'it never fits into 5 in 60 s; lower the cost or raise the rate.'],
    [
      'user',
      { rate: '5/h', countWhen: 'refuse' as never },
      'countWhen cannot be "refuse": use \'refused\' or a function',
    ],
    [
      'user',
      { rate: '5/h', subject: 'users' as never },
      "subject cannot be \"users\": use 'anon', 'user', 'client', 'token' or a function.",
    ],
    ['user', { rate: '5/h', subject: ['anon'] as never }, "subject cannot be a list: use 'anon', 'user', 'client'"],
    ['user', { rate: '5/h', algorithm: 'sliding-windows' as never }, 'user.algorithm cannot be "sliding-windows": use'],
  ])('%s: %j', (name, policy, message) => {
    expect(() => createThrottle({ policies: { [name]: policy } })).toThrow(message);
  });

  test('of a function of the host, with the option that it is', () => {
    const decide = (policy: PolicyOptions) =>
      createThrottle({ policies: { user: policy } })
        .compile(['user'])
        .decide(user('alice'));
    expect(() => decide({ rate: () => 'often' })).toThrow('throttling.policies.user.rate() cannot be a string');
    expect(() => decide({ rate: '5/h', cost: () => 6 })).toThrow('throttling.policies.user.cost() cannot be 6');
    expect(() => decide({ rate: '5/h', subject: () => '' })).toThrow(
      'throttling.policies.user.subject() cannot be "": return a non-empty string, or undefined.',
    );
  });
});

describe('a policy can have', () => {
  test.each<[string, PolicyOptions]>([
    ['a cost of the whole limit', { rate: '5/h', cost: 5 }],
    ['any cost beside a limit of 0, which refuses on purpose', { rate: '0/h', cost: 5 }],
    ['one rate in a list', { rate: ['5/h'] }],
    ['null in a list of its own', { rate: [null as never] }],
    ['no cost', { rate: '5/h', cost: 0 }],
    ['the longest name', { rate: '5/h' }],
  ])('%s', (_, policy) => {
    expect(createThrottle({ policies: { ['x'.repeat(64)]: policy } }).policyNames).toHaveLength(1);
  });

  test('one rate in a list, which is named in the fields as it is alone', () => {
    const compiled = createThrottle({ policies: { user: { rate: ['5/h'] } } }).compile(['user']);
    expect((compiled.decide(user('alice')) as ThrottleOutcome).fields['ratelimit-policy']).toBe('"user";q=5;w=3600');
  });
});

test('the engine prepares each rate that is known at start-up, with its algorithm, and the budget of failures', () => {
  const prepared: unknown[] = [];
  const engine: ThrottleEngine = {
    consume: () => ({ allowed: true, results: [] }),
    refund() {},
    prepare: ({ limit, windowSeconds }, algorithm) => prepared.push([limit, windowSeconds, algorithm]),
  };
  const policies: Record<string, PolicyOptions> = {
    user: { rate: ['5/s', '9/h'], algorithm: 'sliding-window' },
    other: { rate: '7/m' },
    none: { rate: null },
    planned: { rate: () => '3/m' },
  };
  createThrottle({ policies, engine, failedAuthentication: '8/m' });
  expect(prepared).toEqual([
    [5, 1, 'sliding-window'],
    [9, 3600, 'sliding-window'],
    [7, 60, 'fixed-window'],
    [8, 60, 'fixed-window'],
  ]);
});

/** The part of a counter's key that names the principal; `undefined` if nothing is counted. */
function tagOf(subject: ThrottleSubject, policy: PolicyOptions): string | undefined {
  const tags: string[] = [];
  const memory = memoryEngine();
  const engine: ThrottleEngine = {
    consume(charges: readonly Charge[]) {
      tags.push(...charges.map(({ tag }) => tag));
      return memory.consume(charges);
    },
    refund() {},
  };
  createThrottle({ policies: { mine: policy }, engine })
    .compile(['mine'])
    .decide(subject);
  return tags[0];
}

describe('who is counted', () => {
  const token = { tokenKey: 'hash' };
  const foreign = { clientId: 'app', clientKey: 'client:https://issuer.example app' };
  test.each<[PolicyOptions['subject'], string, ThrottleSubject, string | undefined]>([
    [undefined, 'a user', user('alice'), 'user:alice'],
    ['user', 'an application', application('app'), 'client:app'],
    ['user', 'nobody', anonymous('ip:1'), 'ip:1'],
    ['anon', 'nobody', anonymous('ip:1'), 'ip:1'],
    ['anon', 'a user', user('alice'), undefined],
    ['client', 'an application', application('app'), 'client:app'],
    ['client', 'a user of an application', user('alice', 'app'), 'client:app'],
    ['client', 'a user of a foreign application', { ...user('alice'), ...foreign }, foreign.clientKey],
    ['client', 'an application without an id', { ...application('app'), clientId: undefined }, 'client:app'],
    ['client', 'a user of none', user('alice'), undefined],
    ['client', 'nobody', anonymous(), undefined],
    ['token', 'a user', { ...user('alice'), ...token }, 'token:hash'],
    ['token', 'a user without a token', user('alice'), undefined],
    [({ userId }) => userId, 'a user', user('alice'), 'custom:alice'],
    [({ userId }) => userId, 'nobody', anonymous(), undefined],
  ])('where the subject is %s, for %s', (subject, _, who, tag) => {
    expect(tagOf(who, { rate: '5/h', subject })).toBe(tag);
  });

  test('has a key of 200 characters at most, and no half characters; others are counted by their digest', () => {
    const rate = '5/h';
    expect(tagOf(user('x'.repeat(195)), { rate })).toBe(`user:${'x'.repeat(195)}`);
    expect(tagOf(user('x'.repeat(196)), { rate })).toMatch(/^digest:[\w-]{43}$/);
    expect(tagOf(user('a'), { rate, subject: () => 'x'.repeat(193) })).toBe(`custom:${'x'.repeat(193)}`);
    expect(tagOf(user('a'), { rate, subject: () => 'x'.repeat(194) })).toMatch(/^digest:[\w-]{43}$/);
    expect(tagOf(user('a'), { rate, subject: () => 'a\ud800' })).toMatch(/^digest:[\w-]{43}$/);
    expect(tagOf(user('a'), { rate, subject: () => '😀' })).toBe('custom:😀');
  });
});
