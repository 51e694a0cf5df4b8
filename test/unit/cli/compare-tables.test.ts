import { describe, expect, test } from '@jest/globals';
import { compareTables } from '../../../src/cli/routes/compare-tables.js';
import type { KeptAction } from '../../../src/cli/routes/route-rows.js';
import { accessAlternatives } from '../../../src/resource-server/permissions/access-alternatives.js';
import { type AccessRule, alternativesRule, EVERYBODY } from '../../../src/resource-server/permissions/access-rule.js';

type Guard = string[][] | AccessRule | 'public';
type DescribedPolicy = KeptAction['policies'][number];
type Policy = [
  name: string,
  description: string,
  rates?: [limit: number, windowSeconds: number][],
  others?: Partial<DescribedPolicy>,
];

/** A row of a table: `route('GET /books/:id', [['read']])`. */
function route(request: string, guard: Guard, ...policies: Policy[]): KeptAction {
  const [methods, path] = request.split(' ') as [string, string];
  const rule = guard === 'public' ? EVERYBODY : Array.isArray(guard) ? alternativesRule(guard) : guard;
  return {
    path,
    controller: 'Books',
    action: 'act',
    access: [{ methods: methods.split(','), rule, alternatives: accessAlternatives(rule) }],
    objectPermissions: [],
    public: guard === 'public',
    policies: policies.map(([name, description, rates, others]) => ({
      name,
      description,
      rates: rates?.map(([limit, windowSeconds]) => ({ limit, windowSeconds })),
      ...{ subject: 'user', cost: 1, algorithm: 'fixed-window' },
      ...others,
    })),
  };
}

/** What is found, in one line each. */
function found(now: KeptAction[], before: KeptAction[]): string[] {
  return compareTables(now, before).findings.map(
    ({ kind, method, path, text }) => `${kind}: ${method} ${path}: ${text}`,
  );
}

const user: AccessRule = { kind: 'user' };
const code = (name: string): AccessRule => ({
  kind: 'custom',
  name,
  description: undefined,
  unknown: 'decision',
  scopes: undefined,
});
const context = (acr: string[] | undefined, maxAgeSeconds: number | undefined): AccessRule => ({
  kind: 'authenticationContext',
  acr,
  maxAgeSeconds,
});
const both = (...parts: AccessRule[]): AccessRule => ({ kind: 'allOf', parts });
const no = (part: AccessRule): AccessRule => ({ kind: 'not', part });

describe('[RS-74] a guard is weaker unless each of its alternatives implies one that was there', () => {
  test.each<[string, Guard, Guard]>([
    ['a scope more', [['a', 'b']], [['a']]],
    ['an alternative less', [['a']], [['a'], ['b']]],
    ['scopes in another order', [['b', 'a']], [['a', 'b']]],
    ['anything where it was public', EVERYBODY, 'public'],
    ['a user where any principal was enough', user, { kind: 'authenticated' }],
    ['code beside what was there', both(user, code('Owner')), user],
    ['a stronger sign-in', context(['otp'], 60), context(['otp', 'password'], 300)],
    ['the opposite of less', no(alternativesRule([['a']])), no(alternativesRule([['a', 'b']]))],
  ])('not weaker: %s', (_what, now, before) => {
    expect(found([route('GET /x', now)], [route('GET /x', before)])).toEqual([]);
  });

  test.each<[string, Guard, Guard, string]>([
    ['a scope less', [['a']], [['a', 'b']], 'it may let in: a'],
    ['an alternative more', [['a'], ['b']], [['a']], 'it may let in: b'],
    ['public', 'public', [['a']], 'it is public'],
    ['public where sent credentials had to be valid', 'public', EVERYBODY, 'it is public'],
    ['everybody', EVERYBODY, user, 'it may let in: everybody'],
    ['any token where a user was needed', [[]], user, 'it may let in: any token'],
    ['without code that was there', user, both(user, code('Owner')), 'it may let in: a user'],
    ['other code', code('Reader'), code('Owner'), 'it may let in: Reader'],
    [
      'a weaker sign-in',
      context(['otp', 'password'], 60),
      context(['otp'], 60),
      'it may let in: authenticated by acr otp or password, at most 60 s ago',
    ],
    [
      'an older sign-in',
      context(undefined, 300),
      context(undefined, 60),
      'it may let in: authenticated by at most 300 s ago',
    ],
    [
      'the opposite of more',
      no(alternativesRule([['a', 'b']])),
      no(alternativesRule([['a']])),
      'it may let in: not (a b)',
    ],
    ['the opposite of other code', no(code('Reader')), no(code('Owner')), 'it may let in: not (Reader)'],
  ])('weaker: %s', (_what, now, before, text) => {
    expect(found([route('GET /x', now)], [route('GET /x', before)])).toEqual([`guard: GET /x: ${text}`]);
  });

  test('a class that decides about entities is gone', () => {
    const before = { ...route('GET /x', user), objectPermissions: ['Owner'] };
    expect(found([route('GET /x', user)], [before])).toEqual([
      'guard: GET /x: Owner does not decide about entities any more',
    ]);
  });

  test('methods are compared one by one', () => {
    const before = [route('GET,HEAD,POST /x', [['a']])];
    expect(found([route('POST /x', [['b']]), route('GET,HEAD /x', [['a']])], before)).toEqual([
      'guard: POST /x: it may let in: b',
    ]);
    expect(found([route('GET,HEAD /x', [['b']])], before)).toEqual(['guard: GET /x: it may let in: b']);
  });
});

describe('[RS-74] which routes are compared', () => {
  test('a renamed parameter makes no new route', () => {
    expect(compareTables([route('GET /b/:key/', [['a']])], [route('GET /B/:id', [['a']])])).toEqual({
      findings: [],
      added: [],
      removed: [],
    });
    expect(found([route('GET /b/:key', [['b']])], [route('GET /b/:id', [['a']])])).toHaveLength(1);
  });

  test('new and removed routes are listed; a new one that is open is found', () => {
    const now = [route('GET,HEAD /new', [['a']]), route('POST /open', 'public'), route('PUT /all', EVERYBODY)];
    const { findings, added, removed } = compareTables(now, [route('DELETE /old', [['a']])]);
    expect(added.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /new', 'POST /open', 'PUT /all']);
    expect(removed).toEqual([{ method: 'DELETE', path: '/old', action: 'Books.act' }]);
    expect(findings.map(({ path, text }) => `${path}: ${text}`)).toEqual([
      '/open: it is new, and public',
      '/all: it is new, and everybody may call it',
    ]);
  });

  const one = route('GET /books/:id', [['read']]);
  const mine = route('GET /books/mine', [['mine']]);

  test.each<[string, KeptAction[], KeptAction[]]>([
    ['a new route before another', [mine, one], [one]],
    ['a removed route before another', [one], [mine, one]],
    ['another order', [one, mine], [mine, one]],
    ['a new pattern in place of a removed one', [route('GET /books/:id(\\w+)', [['other']])], [one]],
    ['what may match several parts', [route('GET /books/:rest(.*)', [['other']]), one], [one]],
  ])('requests that another route answers now: %s', (_what, now, before) => {
    expect(found(now, before)).toEqual([
      expect.stringMatching(/^guard: GET .*: for some requests that .* answered: it may let in: /),
    ]);
  });

  test.each<[string, KeptAction[], KeptAction[]]>([
    ['a new route that is never asked', [one, mine], [one]],
    [
      'a pattern that the text does not match',
      [route('GET /books/:id(\\d+)', [['read']]), mine],
      [route('GET /books/:id(\\d+)', [['read']])],
    ],
    ['another number of parts', [route('GET /books/:id/pages', [['pages']]), one], [one]],
    ['another method', [route('POST /books/mine', [['mine']]), one], [one]],
    ['a stricter guard', [route('GET /books/mine', [['read', 'mine']]), one], [one]],
  ])('but not: %s', (_what, now, before) => {
    expect(found(now, before)).toEqual([]);
  });
});

describe('[RS-74] throttles are findings of their own', () => {
  const hundred: Policy = ['user', '100/hour', [[100, 3600]]];
  const hundredBut = (others: Partial<DescribedPolicy>): Policy => ['user', '100/hour', [[100, 3600]], others];
  const free = (others: Partial<DescribedPolicy>): Policy => ['user', 'unlimited', [], others];

  test.each<[string, Policy[], Policy[], string[]]>([
    ['gone', [], [hundred], ['the throttle user (100/hour) is gone']],
    ['raised', [['user', '101/hour', [[101, 3600]]]], [hundred], ['the throttle user (100/hour) is 101/hour now']],
    ['a shorter window', [['user', '100/m', [[100, 60]]]], [hundred], ['the throttle user (100/hour) is 100/m now']],
    ['without limit', [['user', 'unlimited', []]], [hundred], ['the throttle user (100/hour) is unlimited now']],
    ['by function', [['user', 'by function']], [hundred], ['the throttle user (100/hour) is by function now']],
    [
      'one of two rates gone',
      [hundred],
      [
        [
          'user',
          '5/s and 100/hour',
          [
            [5, 1],
            [100, 3600],
          ],
        ],
      ],
      ['the throttle user (5/s and 100/hour) is 100/hour now'],
    ],
    [
      'fewer answers counted',
      [['user', '100/hour, refused answers only', [[100, 3600]]]],
      [hundred],
      ['the throttle user (100/hour) is 100/hour, refused answers only now'],
    ],
    [
      'another is counted',
      [hundredBut({ subject: 'token' })],
      [hundred],
      ['the throttle user (100/hour) counts by token now, not by user'],
    ],
    [
      'a function says who is counted',
      [hundredBut({ subject: 'function' })],
      [hundred],
      ['the throttle user (100/hour) counts by what a function says now, not by user'],
    ],
    ['cheaper', [hundred], [hundredBut({ cost: 5 })], ['the throttle user (100/hour) costs 1 unit now, not 5 units']],
    [
      'a function says the cost',
      [hundredBut({ cost: 'function' })],
      [hundredBut({ cost: 2 })],
      ['the throttle user (100/hour) costs what a function says now, not 2 units'],
    ],
    [
      'no function says the cost any more',
      [hundredBut({ cost: 100 })],
      [hundredBut({ cost: 'function' })],
      ['the throttle user (100/hour) costs 100 units now, not what a function says'],
    ],
    [
      'twice as many around the end of a window',
      [hundred],
      [hundredBut({ algorithm: 'sliding-window' })],
      ['the throttle user (100/hour) counts in fixed windows now, not in sliding ones'],
    ],
    [
      'raised and cheaper',
      [['user', '101/hour', [[101, 3600]]]],
      [hundredBut({ cost: 2 })],
      ['the throttle user (100/hour) is 101/hour now', 'the throttle user (100/hour) costs 1 unit now, not 2 units'],
    ],
    [
      'nothing but that there is no limit',
      [free({ subject: 'token', algorithm: 'fixed-window' })],
      [hundredBut({ cost: 2, algorithm: 'sliding-window' })],
      ['the throttle user (100/hour) is unlimited now'],
    ],
    ['dearer', [hundredBut({ cost: 2 })], [hundred], []],
    ['a window that slides now', [hundredBut({ algorithm: 'sliding-window' })], [hundred], []],
    [
      'the same functions',
      [hundredBut({ subject: 'function', cost: 'function' })],
      [hundredBut({ subject: 'function', cost: 'function' })],
      [],
    ],
    ['lowered', [['user', '99/day', [[99, 86_400]]]], [hundred], []],
    [
      'a rate more',
      [
        [
          'user',
          '5/s and 100/hour',
          [
            [5, 1],
            [100, 3600],
          ],
        ],
      ],
      [hundred],
      [],
    ],
    ['without a limit before', [], [['user', 'unlimited', []]], []],
    ['as before', [hundred], [hundred], []],
  ])('%s', (_what, now, before, texts) => {
    for (const guard of ['public', [['a']]] as const) {
      const findings = compareTables(
        [route('GET,HEAD /x', guard as Guard, ...now)],
        [route('GET,HEAD /x', guard as Guard, ...before)],
      ).findings;
      expect(findings).toEqual(
        texts.map((text) => ({ kind: 'throttle', method: 'GET', path: '/x', action: 'Books.act', text })),
      );
    }
  });
});
