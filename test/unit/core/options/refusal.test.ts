import { describe, expect, test } from '@jest/globals';
import {
  choiceOption,
  flagOption,
  hostPath,
  knownOptions,
  refuseForReason,
  refuseOption,
  wholeNumberOption,
} from '../../../../src/core/options/index.js';
import { nearest } from '../../../../src/core/options/nearest.js';

describe('[RS-69] a refused option is told in one form: which, what it is, and the fix', () => {
  test.each<[string, () => unknown, string]>([
    ['a text', () => refuseOption('realm', 'hunter2', 'give another'), 'The option realm cannot be a string: give another.'],
    ['a variable', () => refuseOption('OAUTH2_ENCRYPTION_KEYS[1]', 'k3y-of-old', 'make one'), 'The environment variable OAUTH2_ENCRYPTION_KEYS[1] cannot be a string: make one.'],
    ['a number', () => wholeNumberOption('cache.maxEntries', 0.5, { least: 1, most: 9 }), 'The option cache.maxEntries cannot be 0.5: give a whole number from 1 to 9.'],
    ['a flag', () => flagOption('requireAudience', 'yes'), 'The option requireAudience cannot be "yes": use true or false.'],
    ['a choice', () => choiceOption('throttling.whenStoreFails', 'opne', ['closed', 'open', 'local']), `The option throttling.whenStoreFails cannot be "opne": use 'closed', 'open' or 'local'.`],
    ['a mistyped name', () => knownOptions<Record<string, unknown>>('cache', { maxEntrys: 5 }, ['maxEntries', 'maxBytes']), 'The option cache.maxEntrys cannot be set: there is no such option; did you mean cache.maxEntries? known are maxEntries, maxBytes.'],
    ['a name that is near none', () => knownOptions<Record<string, unknown>>('', { 'kJ8s2-99xQ': 5 }, ['redis', 'realm']), 'The option *** cannot be set: there is no such option; known are redis, realm.'],
    ['a reason that repeats the value', () => refuseForReason('database', { password: 'hunter2' }, new Error('no user\n"hunter2".'), 'give another'), 'The option database cannot be an object: no user "***"; give another.'],
  ])('%s', (_name, refuse, message) => {
    expect(refuse).toThrow(expect.objectContaining({ name: 'ConfigurationError', message }));
  }); // biome-ignore format: a table
  test('names of the host are shown as far as they are names', () => {
    expect(hostPath('scopes', 'books:read')).toBe('scopes["books:read"]');
    expect(hostPath('throttling.policies', 'user')).toBe('throttling.policies.user');
    expect(hostPath('scopes', 'q8Zk3-lP0vX2')).toBe('scopes.***');
  });

  test('what a getter throws is not told, and a group is read once', () => {
    const thrown = { get realm(): string { throw new Error('hunter2'); } }; // biome-ignore format: one line
    expect(() => knownOptions('', thrown, ['realm'])).toThrow(/^(?!.*hunter2)The option realm cannot be/);
    let read = 0;
    const counted = { get realm() { read += 1; return 'a'; } }; // biome-ignore format: one line
    const options = knownOptions<{ realm: string }>('', counted, ['realm']);
    expect([options.realm, options.realm, read]).toEqual(['a', 'a', 1]);
  });
});

describe('the nearest option is the one that was most likely meant', () => {
  const known = ['database', 'redis', 'trustedProxies', 'maxAgeSeconds', 'deadlineMilliseconds', 'maxEntries', 'clock'];
  test.each([
    ['datbase', 'database'],
    ['dataabse', 'database'],
    ['Redis', 'redis'],
    ['trustProxies', 'trustedProxies'],
    ['trusted_proxies', 'trustedProxies'],
    ['maxAge', 'maxAgeSeconds'],
    ['deadlineMs', 'deadlineMilliseconds'],
    ['max', undefined],
    ['session', undefined],
    ['', undefined],
  ])('%s', (typed, meant) => {
    expect(nearest(typed, known)).toBe(meant);
  });
});
