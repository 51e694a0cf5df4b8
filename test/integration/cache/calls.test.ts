import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sha256Key } from '../../../src/core/digest.js';
import { sharedTokenCache, type TokenCache } from '../../../src/resource-server/cache/index.js';
import { active } from '../../support/cache/verifications.js';
import { freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import { until } from './processes.js';
import { type WatchedCommands, watchCommands } from './watch-commands.js';
import { AUTHENTICATOR } from './worker-protocol.js';

describe('calls of Redis', () => {
  let keyPrefix: string;
  let cache: TokenCache;
  let watched: WatchedCommands;
  let issued = 0;

  beforeEach(async () => {
    keyPrefix = freshKeyPrefix();
    watched = await watchCommands(redisUrl());
    const settings = { redis: redisUrl(), keyPrefix, authenticator: AUTHENTICATOR, deadlineMilliseconds: 1_000 };
    cache = sharedTokenCache({ ...settings, loadUser: async (id) => ({ id }) });
    await cache.ready();
    // From then on both levels work, and the scripts are known by their digests.
    let key = '';
    await until('a token is stored in Redis', async () => {
      if (callsWith(key).length === 2) return true;
      [key = ''] = await resolved(1);
      return false;
    });
    await until('the channel is proven', () => cache.reading().isProven);
  });
  afterEach(async () => {
    await cache.close();
    watched.stop();
    await removeKeys(redisUrl(), keyPrefix);
  });

  /** Looks up tokens that nobody has looked up, all in one turn of the event loop. */
  async function resolved(count: number): Promise<string[]> {
    const keys = Array.from({ length: count }, () => sha256Key(`token ${++issued}`));
    const lookUp = (key: string) => async () => active({ key, expiresAtMilliseconds: Date.now() + 3_600_000 });
    await Promise.all(keys.map((key) => cache.resolve(key, lookUp(key))));
    return keys;
  }

  /** The scripts that were called with the key of a token, in their order. */
  function callsWith(key: string): string[] {
    const lines = watched.text.split('\r\n');
    return lines.filter((line) => line.includes(`${keyPrefix}token:${key}"`) && /"eval(sha)?"/i.test(line));
  }

  test('tokens that are looked up in one turn are read by one call, and stored by another one', async () => {
    const keys = await resolved(20);
    const last = keys.at(-1) as string;
    await until('they are stored', () => callsWith(last).length === 2);
    for (const key of keys) expect(callsWith(key)).toEqual(callsWith(last));
  });

  test('more than 64 are read and stored by several, so that no call keeps Redis for long', async () => {
    const keys = await resolved(65);
    await until('they are stored', () => keys.every((key) => callsWith(key).length === 2));
    expect(callsWith(keys[63] as string)).toEqual(callsWith(keys[0] as string));
    expect(callsWith(keys[64] as string)).not.toEqual(callsWith(keys[0] as string));
  });
});
