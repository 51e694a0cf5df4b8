import { expect, test } from '@jest/globals';
import {
  createThrottle,
  memoryEngine,
  type ThrottleAlgorithm,
  type ThrottleEngine,
} from '../../../src/throttling/index.js';
import { anonymous, user } from '../../support/throttling/subjects.js';

test.each<[ThrottleAlgorithm | undefined, string]>([
  [undefined, 'user:5/3600:user:alice'],
  ['fixed-window', 'user:5/3600:user:alice'],
  ['sliding-window', 'user:5/3600~:user:alice'],
])('the counter of the algorithm %s is named %s, whatever version of this library counts on it', (algorithm, key) => {
  const keys: string[] = [];
  const memory = memoryEngine();
  const engine: ThrottleEngine = {
    consume(charges) {
      keys.push(...charges.map((charge) => charge.key));
      return memory.consume(charges);
    },
    refund() {},
  };
  createThrottle({ policies: { user: { rate: '5/h', algorithm } }, engine })
    .compile(['user'])
    .decide(user('alice'));
  expect(keys).toEqual([key]);
});

test('a request that no policy applies to is admitted without asking the store', () => {
  const engine: ThrottleEngine = {
    consume() {
      throw new Error('asked');
    },
    refund() {},
  };
  const compiled = createThrottle({ policies: { anon: '1/h' }, engine }).compile(['anon']);
  expect(compiled.unlimited).toBe(false);
  expect(compiled.decide(user('alice'))).toMatchObject({ allowed: true, fields: {} });
  expect(compiled.decide(anonymous())).toMatchObject({ allowed: false, unavailable: true });
});
