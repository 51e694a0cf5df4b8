import { describe, expect, test } from '@jest/globals';
import {
  type Charge,
  type CountWhen,
  createThrottle,
  memoryEngine,
  type ThrottleEngine,
  type ThrottleOutcome,
} from '../../../src/throttling/index.js';
import { setUp } from '../../support/throttling/failing-store.js';
import { user } from '../../support/throttling/subjects.js';

function throttleOf(countWhen: CountWhen, rate = '1/h') {
  const log: string[] = [];
  const logger = { info() {}, warn() {}, error: (line: string) => void log.push(line) };
  const throttle = createThrottle({ policies: { user: { rate, countWhen } } }, { logger });
  const compiled = throttle.compile(['user']);
  return { log, compiled, ask: () => compiled.decide(user('alice')) as ThrottleOutcome };
}

describe('an answer that a policy does not count', () => {
  test.each([
    [200, false],
    [302, false],
    [399, false],
    [400, true],
    [401, true],
    [429, true],
    [500, true],
    [501, true],
    [502, false],
    [503, false],
    [504, false],
    [505, true],
  ])('where it counts refusals: whether %i counts is %s', (status, counts) => {
    const { ask, log } = throttleOf('refused');
    ask().settle?.(status);
    expect(ask().allowed).toBe(!counts);
    expect(log).toEqual([]);
  });

  test.each([
    [true, true],
    [undefined, true],
    [false, false],
  ])('where a function of the host answers %s: whether it counts is %s', (answer, counts) => {
    const asked: number[] = [];
    const { ask } = throttleOf((status) => {
      asked.push(status);
      return answer as boolean;
    });
    ask().settle?.(418);
    expect(asked).toEqual([418]);
    expect(ask().allowed).toBe(!counts);
  });

  test('is returned once, however often the outcome is settled', () => {
    const { ask } = throttleOf('refused', '2/h');
    const [first] = [ask(), ask()];
    first.settle?.(200);
    first.settle?.(200);
    expect([ask().allowed, ask().allowed]).toEqual([true, false]);
  });

  test('counts if the function of the host throws, which is logged', () => {
    const { ask, log } = throttleOf(() => {
      throw new Error('no such table');
    });
    ask().settle?.(200);
    expect(ask().allowed).toBe(false);
    expect(log).toEqual([
      expect.stringMatching(/^The countWhen of a throttling policy failed: Error: no such table\n/),
    ]);
  });

  test('is returned by the engine that counted it; nothing is asked of it for an answer that counts', async () => {
    const policies = { user: { rate: '2/h', countWhen: 'refused' as const } };
    const { store, ask } = setUp('closed', '9/h', { policies });
    (await ask()).settle?.(401);
    expect(store.refunds).toHaveLength(0);
    (await ask()).settle?.(200);
    expect(store.refunds).toHaveLength(1);
    expect([(await ask()).allowed, (await ask()).allowed]).toEqual([true, false]);
  });
});

test('the engine knows which charges may come back', () => {
  const seen: (readonly Charge[])[] = [];
  const memory = memoryEngine();
  const engine: ThrottleEngine = {
    consume(charges) {
      seen.push(charges);
      return memory.consume(charges);
    },
    refund() {},
  };
  const policies = { user: '9/h', logins: { rate: '9/h', countWhen: 'refused' as const } };
  createThrottle({ policies, engine }).compile(['user', 'logins']).decide(user('alice'));
  expect(seen[0]?.map(({ key, mayBeRefunded }) => [key, mayBeRefunded])).toEqual([
    ['user:9/3600:user:alice', false],
    ['logins:9/3600:user:alice', true],
  ]);
});

test.each<[CountWhen | undefined, string]>([
  [undefined, '9/h'],
  ['refused', '9/h, refused answers only'],
  [() => true, '9/h, by the answer'],
])('a policy that counts %s says so where it is described', (countWhen, description) => {
  const compiled = createThrottle({ policies: { user: { rate: '9/h', countWhen } } }).compile(['user']);
  expect(compiled.policies).toMatchObject([{ name: 'user', description }]);
});
