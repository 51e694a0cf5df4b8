import { afterEach, describe, expect, test } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import knexModule from 'knex';
import {
  databaseKinds,
  freshDatabase,
  freshKeyPrefix,
  redisUrl,
  removeKeys,
  startRedis,
  startRedisCluster,
  startSentinel,
} from '../support/services.js';

const silent = { error() {}, warn() {}, debug() {}, deprecate() {} };

describe('a fresh database', () => {
  test.each(databaseKinds())('of kind %s takes a table and is gone after drop', async (kind) => {
    const database = await freshDatabase(kind);
    const client = { sqlite: 'better-sqlite3', mariadb: 'mysql2', postgres: 'pg' }[kind];
    const connection = kind === 'sqlite' ? { filename: database.url.slice('sqlite:'.length) } : database.url;
    const open = () => knexModule.knex({ client, connection, useNullAsDefault: true, log: silent });
    const knex = open();
    await knex.schema.createTable('things', (table) => table.increments('id'));
    await knex('things').insert({ id: 7 });
    expect(await knex('things').first()).toEqual({ id: 7 });
    await knex.destroy();
    await database.drop();
    const again = open();
    await expect(again('things').first()).rejects.toThrow();
    await again.destroy();
  });
});

describe('key prefixes', () => {
  test('removeKeys removes what begins with the prefix and nothing else', async () => {
    const [mine, other] = [freshKeyPrefix(), freshKeyPrefix()];
    const redis = new Redis(redisUrl());
    await redis.mset(`${mine}a`, '1', `${mine}b`, '2', `${other}a`, '3');
    await removeKeys(redisUrl(), mine);
    expect(await redis.mget(`${mine}a`, `${mine}b`, `${other}a`)).toEqual([null, null, '3']);
    await removeKeys(redisUrl(), other);
    expect(await redis.get(`${other}a`)).toBeNull();
    redis.disconnect();
  });
});

describe('a throw-away Redis', () => {
  const running: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const server of running.splice(0)) await server.stop();
  });

  test('restarts on its port with nothing in it', async () => {
    const server = await startRedis();
    running.push(server);
    const redis = new Redis(server.url);
    redis.on('error', () => {});
    await redis.set('key', 'value');
    const first = server.process.pid;
    await server.restart();
    expect(server.process.pid).not.toBe(first);
    expect(await redis.get('key')).toBeNull();
    redis.disconnect();
  });

  test('can be killed and started again, frozen and thawed', async () => {
    const server = await startRedis();
    running.push(server);
    await server.kill();
    await server.restart();
    const redis = new Redis(server.url, { commandTimeout: 200, maxRetriesPerRequest: 0 });
    redis.on('error', () => {});
    expect(await redis.ping()).toBe('PONG');
    server.freeze();
    await expect(redis.ping()).rejects.toThrow('timed out');
    server.thaw();
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
  });
  test('behind a Sentinel is found by its name', async () => {
    const master = await startRedis();
    running.push(master);
    const sentinel = await startSentinel({ name: 'shelf', port: master.port });
    running.push(sentinel);
    const redis = new Redis({ sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'shelf' });
    await redis.set('key', 'value');
    const direct = new Redis(master.url);
    expect(await direct.get('key')).toBe('value');
    redis.disconnect();
    direct.disconnect();
  });

  test('as a Cluster takes keys of every slot', async () => {
    const cluster = await startRedisCluster();
    running.push(cluster);
    const redis = new Cluster([...cluster.startupNodes]);
    const keys = Array.from({ length: 30 }, (_, index) => `key:${index}`);
    await Promise.all(keys.map((key) => redis.set(key, key)));
    expect(await Promise.all(keys.map((key) => redis.get(key)))).toEqual(keys);
    redis.disconnect();
  });
});
