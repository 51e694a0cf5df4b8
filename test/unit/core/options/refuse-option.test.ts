import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../../src/core/errors.js';
import {
  hostPath,
  optionPath,
  reasonWithout,
  refusalText,
  refuseOption,
  refuseUnknown,
} from '../../../../src/core/options/index.js';

/** The error that something throws. */
function thrownBy(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

describe('a refused option', () => {
  test('says which it is and what to write instead, also as members', () => {
    const error = thrownBy(() => refuseOption('cache.maxEntries', -1, 'give more'));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      message: 'The option cache.maxEntries cannot be -1: give more.',
      option: 'cache.maxEntries',
      fix: 'give more',
    });
  });

  test.each([
    ['realm', 'The option realm cannot'],
    ['*', 'The option * cannot'],
    ['--redis (or REDIS_URL)', 'The option --redis (or REDIS_URL) cannot'],
    ['REDIS_URL', 'The environment variable REDIS_URL cannot'],
    ['OAUTH2_KEYS[12]', 'The environment variable OAUTH2_KEYS[12] cannot'],
    ['OAUTH2_KEYS[a]', 'OAUTH2_KEYS[a] cannot'],
    ['The REDIS_URL', 'The REDIS_URL cannot'],
    ['REDIS_URL of a', 'REDIS_URL of a cannot'],
    ['A', 'A cannot'],
    ['@Authorized on X', '@Authorized on X cannot'],
  ])('%s is named as what it is', (path, beginning) => {
    expect(refusalText(path, 5, 'give more')).toBe(`${beginning} be 5: give more.`);
  });
});

describe('an unknown option', () => {
  test.each([
    ['', 'datbase', 'The option datbase cannot be set: there is no such option; did you mean database? known are database, redis.'],
    ['a', 'datbase', 'The option a.datbase cannot be set: there is no such option; did you mean a.database? known are database, redis.'],
    ['a', 'DATA_BASE', 'The option a.DATA_BASE cannot be set: there is no such option; did you mean a.database? known are database, redis.'],
    ['a', 'session', 'The option a.session cannot be set: there is no such option; known are database, redis.'],
    ['a', 'q8Zk3lP0', 'The option a.*** cannot be set: there is no such option; known are database, redis.'],
  ])('in %j: %s', (parent, name, message) => {
    const error = thrownBy(() => refuseUnknown(parent, name, ['database', 'redis'])) as ConfigurationError;
    expect(error.message).toBe(message);
    expect(`The option ${error.option} cannot`).toBe(message.slice(0, message.indexOf(' be set')));
  }); // biome-ignore format: a table
});

test('the path of an option inside another one', () => {
  expect(optionPath('a', 'b')).toBe('a.b');
  expect(optionPath('', 'b')).toBe('b');
  expect(optionPath('a', 0)).toBe('a[0]');
  expect(hostPath('a', 'books:read')).toBe('a["books:read"]');
  expect(hostPath('a', 'books')).toBe('a.books');
  expect(hostPath('a', 'q8Zk3lP0')).toBe('a.***');
});

describe('a reason of other code', () => {
  test.each<[string, unknown, string]>([
    ['its message, in one line, without a full stop', new Error('no\n  user.'), 'no user'],
    ['full stops inside stay', new Error('a. b'), 'a. b'],
    ['its code, where it has no message', Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['its code, where its message is no text', { message: 5, code: 'E' }, 'E'],
    ['that it refused, where it has neither', { message: '', code: 5 }, 'refused'],
    ['that it refused, where it is nothing', undefined, 'refused'],
  ])('%s', (_name, error, reason) => {
    expect(reasonWithout(error)).toBe(reason);
  });

  test('is told without the values', () => {
    expect(reasonWithout(new Error('no user hunter2.'), { password: 'hunter2' })).toBe('no user ***');
  });
});
