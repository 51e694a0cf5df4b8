import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import {
  createTokenCache,
  localTokenCache,
  sharedTokenCache,
  type TokenCacheOptions,
} from '../../../src/resource-server/cache/index.js';
import { MessageAuthenticator } from '../../../src/resource-server/cache/message-authenticator.js';

function messageOf(create: () => unknown): string {
  try {
    create();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('the options were accepted');
}

const loadUser = async () => undefined;
const authenticator = new MessageAuthenticator('database', [Buffer.alloc(32, 1)]);
const identity = { subscribe: () => undefined, ask: async () => undefined };

describe('the options of a token cache', () => {
  test.each<[string, unknown]>([
    ['maxEntries', 0],
    ['maxEntries', 1.5],
    ['maxEntries', '100'],
    ['maxEntries', Number.POSITIVE_INFINITY],
    ['maxBytes', 10],
    ['revocationBoundSeconds', -1],
    ['revocationBoundSeconds', 61],
    ['revocationBoundSeconds', Number.NaN],
    ['negativeMaxAgeSeconds', -0.1],
    ['negativeMaxAgeSeconds', null],
    ['negativeMaxEntries', 0],
    ['maxAgeSeconds', 0.5],
    ['maxAgeSeconds', '30'],
    ['deadlineMilliseconds', 0],
    ['deadlineMilliseconds', 5_000],
    ['maxAge', 30],
    ['authenticationKeys', []],
    ['authenticationKeys', 'secret-text'],
    ['authenticationKeys', ['too-short']],
    ['authenticationKeys', [Buffer.alloc(31)]],
  ])('%s: %j is refused by name, with Redis and without', (name, value) => {
    const options = { [name]: value } as TokenCacheOptions;
    expect(messageOf(() => createTokenCache(options))).toContain(`cache.${name}`);
    expect(
      messageOf(() => createTokenCache({ ...options, redis: 'redis://127.0.0.1:1', loadUser, identity })),
    ).toContain(`cache.${name}`);
  });

  test('a mistake is refused before the identity of the database is known', () => {
    for (const redis of ['localhost', {} as never]) {
      expect(messageOf(() => createTokenCache({ redis, loadUser, identity }))).toContain('redis cannot be');
    }
  });

  test('a shared cache needs a way to load users', () => {
    const message = messageOf(() => createTokenCache({ redis: 'redis://127.0.0.1:6379' }));
    expect(message).toContain('cache.loadUser');
  });

  test.each(['localhost', 'http://localhost', 'mysql://root:hidden@localhost', '', '127.0.0.1:6379'])(
    '%j is refused as a Redis URL, and no more than its scheme is shown',
    (redis) => {
      const message = messageOf(() => sharedTokenCache({ redis, loadUser, authenticator }));
      expect(message).toContain('redis cannot be');
      expect(message).not.toContain('hidden');
    },
  );

  test('an object that is not a Redis client is refused', () => {
    expect(messageOf(() => sharedTokenCache({ redis: {} as never, loadUser, authenticator }))).toContain(
      'redis cannot be',
    );
    expect(messageOf(() => sharedTokenCache({ redis: null as never, loadUser, authenticator }))).toContain(
      'redis cannot be',
    );
  });

  test('a shared cache cannot keep a bound of less than a tenth of a second', () => {
    const options = { redis: 'redis://127.0.0.1:6379', loadUser, authenticator, revocationBoundSeconds: 0.05 };
    expect(messageOf(() => sharedTokenCache(options))).toContain('from 0.1 to 60');
    expect(localTokenCache({ revocationBoundSeconds: 0.05 })).toBeDefined();
  });

  test('options that are undefined have their defaults', () => {
    expect(createTokenCache({ redis: undefined, maxEntries: undefined, logger: undefined })).toBeDefined();
    expect(createTokenCache()).toBeDefined();
  });
});
