import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2, type OAuth2Options } from '../../../src/index.js';
import { memoryEngine } from '../../../src/throttling/index.js';
import { type RedisProcess, startRedis } from '../../support/services.js';

let server: RedisProcess;
let redis: Redis;
const opened: OAuth2[] = [];

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((oauth2) => oauth2.close()));
  redis.disconnect();
  await server.stop();
});

async function open(throttling: OAuth2Options['throttling']): Promise<OAuth2> {
  const oauth2 = createOAuth2({
    database: 'sqlite::memory:',
    redis: server.url,
    keyPrefix: 'shop:',
    throttling,
    logger: silentLogger,
  });
  opened.push(oauth2);
  await oauth2.ready();
  return oauth2;
}

const members = () => redis.zcard('shop:throttle:members');

describe('createOAuth2 with Redis', () => {
  test('counts with leases there: processes join a fleet, and leave it when they are closed', async () => {
    const one = await open({ policies: { user: '5/h' } });
    await open({ policies: { user: '5/h' }, whenLedgerIsLost: 'restart' });
    expect(await redis.exists('shop:throttle:ledger')).toBe(1);
    expect(await members()).toBe(2);
    await one.close();
    expect(await members()).toBe(1);
  });

  test('counts with the engine of the host, if it has one', async () => {
    await open({ policies: { user: '5/h' }, engine: memoryEngine() });
    expect(await members()).toBe(0);
  });
});
