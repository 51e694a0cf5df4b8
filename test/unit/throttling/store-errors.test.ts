import { expect, test } from '@jest/globals';
import { CounterError, StoreAwayError, UndecidedError } from '../../../src/throttling/index.js';
import { isAnswer, StoreLateError } from '../../../src/throttling/store-errors.js';

const ofRedis = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

test.each<[unknown, boolean]>([
  [new UndecidedError(5), true],
  [new CounterError('no count'), true],
  [ofRedis('WRONGTYPE Operation against a key holding the wrong kind of value'), true],
  [ofRedis('ERR max number of arguments'), true],
  [ofRedis('ERR max number of clients reached'), false],
  [ofRedis('LOADING Redis is loading the dataset in memory'), false],
  [ofRedis('OOM command not allowed'), false],
  [ofRedis('NOAUTH Authentication required.'), false],
  [new Error('WRONGTYPE'), false],
  [{ name: 'ReplyError', message: 'WRONGTYPE' }, false],
  [new StoreAwayError('gone'), false],
  [new StoreLateError('late'), false],
  [undefined, false],
])('an error that concerns its own request only is a sign of life of the store: %s is one: %s', (error, isOne) => {
  expect(isAnswer(error)).toBe(isOne);
});

test.each([
  ['StoreAwayError', 'store_away', 'gone', () => new StoreAwayError('gone')],
  ['StoreLateError', 'store_late', 'late', () => new StoreLateError('late')],
  ['CounterError', 'counter_unusable', 'no count', () => new CounterError('no count')],
  [
    ...(['UndecidedError', 'undecided', 'The ledger lost its counters; it can decide in 5 ms.'] as const),
    () => new UndecidedError(4.2),
  ],
] as const)('%s has a name and the code %s', (name, code, message, make) => {
  const error = make();
  expect([error.name, error.code, error.message]).toEqual([name, code, message]);
});
