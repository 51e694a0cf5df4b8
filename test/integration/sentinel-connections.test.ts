import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { connectRedis, disconnect } from '../../src/resource-server/cache/redis-connections.js';
import { closeRedis, openRedis } from '../../src/throttling/engines/redis/connection.js';
import { ScriptedSentinel } from '../support/scripted-sentinel.js';
import { type RedisProcess, startRedis } from '../support/services.js';
import { until } from './cache/processes.js';

/** How each part of the product opens and closes its connection for commands beside the host's. */
const CONNECTIONS: readonly (readonly [string, (host: Redis) => Redis, (client: Redis) => Promise<void>])[] = [
  ['cache', (host) => connectRedis(host, { commandTimeoutMilliseconds: 1000 }).commands as Redis, disconnect],
  ['throttle', (host) => openRedis(host, 'throttling') as Redis, closeRedis],
];

describe.each(CONNECTIONS)("the %s's connection", (_, open, close) => {
  let master: RedisProcess;
  let sentinel: ScriptedSentinel;
  let client: Redis;

  beforeEach(async () => {
    master = await startRedis();
    sentinel = await ScriptedSentinel.start(master.port);
    const sentinels = [{ host: '127.0.0.1', port: sentinel.port }];
    client = open(new Redis({ sentinels, name: 'main', failoverDetector: true, lazyConnect: true }));
    await until('the client is connected, and hears of new masters', () => {
      return client.status === 'ready' && sentinel.listening === 1;
    });
  });

  afterEach(async () => {
    await close(client);
    sentinel.stop();
    await master.stop();
  });

  async function loseConnection(): Promise<void> {
    const other = new Redis(master.url);
    await other.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    other.disconnect();
  }

  test('outlives a failover that is told while it asks for the master', async () => {
    sentinel.hold();
    await loseConnection();
    await until('it asks for the master', () => sentinel.asking === 1);
    const ended = new Promise((resolve) => client.once('end', resolve));
    sentinel.switchMaster();
    await new Promise((resolve) => setTimeout(resolve, 20));
    sentinel.let();
    await ended;
    await until('it is connected again', () => client.status === 'ready');
    expect(await client.ping()).toBe('PONG');
  });

  test('stays closed once it was closed, also while it comes back', async () => {
    sentinel.hold();
    await loseConnection();
    await until('it asks for the master', () => sentinel.asking === 1);
    const ended = new Promise((resolve) => client.once('end', resolve));
    await close(client);
    sentinel.let();
    await ended;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(client.status).toBe('end');
  });
});
