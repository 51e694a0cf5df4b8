import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../../src/core/errors.js';
import { checkDeadline, checkKeyPrefix } from '../../../../src/throttling/engines/engine-options.js';
import {
  leasedEngine,
  memoryEngine,
  rateLimiterFlexibleEngine,
  redisEngine,
} from '../../../../src/throttling/index.js';

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

/** Nothing is connected to: what is wrong is refused before. */
const redis = 'redis://127.0.0.1:1';

test.each<[name: string, option: string, make: (given: never) => unknown]>([
  ['memoryEngine', 'clock', (clock) => memoryEngine({ clock })],
  ['leasedEngine', 'clock', (clock) => leasedEngine({ redis, clock })],
  ['leasedEngine', 'logger', (logger) => leasedEngine({ redis, logger })],
  ['redisEngine', 'clock', (clock) => redisEngine({ redis, clock })],
  ['rateLimiterFlexibleEngine', 'clock', (clock) => rateLimiterFlexibleEngine((() => {}) as never, { clock })],
])('what cannot be used as %s.%s is an error at start-up, not of the first request', (name, option, make) => {
  for (const bad of [5, 'now', null, {}, { nowMilliseconds: () => 0 }, { warn() {} }]) {
    expect(() => make(bad as never)).toThrow(ConfigurationError);
    expect(() => make(bad as never)).toThrow(
      new RegExp(`^The option ${name}\\.${option} cannot be .*: it needs the functions `),
    );
  }
});
