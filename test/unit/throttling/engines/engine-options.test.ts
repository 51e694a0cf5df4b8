import { describe, expect, test } from '@jest/globals';
import { checkDeadline, checkKeyPrefix } from '../../../../src/throttling/engines/engine-options.js';

describe('an option of an engine', () => {
  test.each([5, null, ['a'], 'a{b', 'a}b'])('keyPrefix cannot be %j', (keyPrefix) => {
    expect(() => checkKeyPrefix('redisEngine', keyPrefix)).toThrow(
      /^The option redisEngine\.keyPrefix cannot be .*: give a string without braces, which mark the slot of a Cluster\.$/,
    );
  });

  test.each(['', 'app:'])('keyPrefix can be %j', (keyPrefix) => {
    expect(() => checkKeyPrefix('redisEngine', keyPrefix)).not.toThrow();
  });

  test.each([0, -1, Number.NaN, '5'])('deadlineMilliseconds cannot be %p', (deadlineMilliseconds) => {
    expect(() => checkDeadline('redisEngine', deadlineMilliseconds)).toThrow(
      /^The option redisEngine\.deadlineMilliseconds cannot be .*: give a number of milliseconds above 0\.$/,
    );
  });

  test.each([0.5, 500])('deadlineMilliseconds can be %p', (deadlineMilliseconds) => {
    expect(() => checkDeadline('redisEngine', deadlineMilliseconds)).not.toThrow();
  });
});
