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
