import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mariadb } from '../support/finder/mariadb.js';
import { postgres } from '../support/finder/postgres.js';
import { redis } from '../support/finder/redis.js';
import { portFrom, printableUrl, reasonOf, UnusableServiceError } from '../support/finder/service.js';
import { mariadbUrl, redisUrl } from '../support/services.js';

const VARIABLES = ['TEST_MARIADB_URL', 'DATABASE_URL', 'TEST_REDIS_URL', 'REDIS_URL', 'TEST_POSTGRES_URL'];
const PORTS = ['TEST_MARIADB_PORT', 'TEST_MARIADB_SOCKET', 'TEST_REDIS_PORT', 'TEST_POSTGRES_PORT'];
const found = { mariadb: mariadbUrl(), redis: redisUrl() };
const before = { ...process.env };

beforeEach(() => {
  for (const variable of [...VARIABLES, ...PORTS]) delete process.env[variable];
});
afterEach(() => {
  for (const variable of [...VARIABLES, ...PORTS]) delete process.env[variable];
  for (const variable of [...VARIABLES, ...PORTS]) {
    const value = before[variable];
    if (value !== undefined) process.env[variable] = value;
  }
});

describe('the finder', () => {
  test('takes the MariaDB and the Redis that the environment names', async () => {
    process.env.DATABASE_URL = `${found.mariadb.replace(/^mysql:/, 'mariadb:').replace(/\/$/, '')}/shop`;
    process.env.REDIS_URL = found.redis;
    expect(await mariadb.look()).toMatchObject({ service: { how: 'named by DATABASE_URL' } });
    expect(await redis.look()).toMatchObject({ service: { url: found.redis, how: 'named by REDIS_URL' } });
  });

  test('refuses a named service that cannot be used, with its reason and without its password', async () => {
    process.env.DATABASE_URL = 'mysql://app:secret@127.0.0.1:1/shop';
    process.env.REDIS_URL = 'redis://:secret@127.0.0.1:1';
    process.env.TEST_POSTGRES_URL = 'postgres://app:secret@127.0.0.1:1/shop';
    for (const kind of [mariadb, redis, postgres]) {
      const refusal = await kind.look().catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(UnusableServiceError);
      expect(String(refusal)).toContain('ECONNREFUSED');
      expect(String(refusal)).not.toContain('secret');
      expect(String(refusal)).not.toContain('\n');
    }
  });

  test('says what it did not find on a default port', async () => {
    for (const variable of PORTS) process.env[variable] = variable.endsWith('SOCKET') ? '/nowhere.sock' : '1';
    expect(await mariadb.look()).toEqual({ reason: 'nothing listens on 127.0.0.1:1, no socket /nowhere.sock' });
    expect(await redis.look()).toEqual({ reason: 'nothing listens on 127.0.0.1:1' });
    expect(await postgres.look()).toEqual({ reason: 'nothing listens on 127.0.0.1:1' });
  });

  test('refuses a REDIS_URL of another kind and a port that is none', async () => {
    process.env.REDIS_URL = 'http://127.0.0.1';
    await expect(redis.look()).rejects.toThrow('REDIS_URL is not a URL of the form redis://host:port');
    process.env.TEST_REDIS_PORT = '70000';
    expect(() => portFrom('TEST_REDIS_PORT', 6379)).toThrow('TEST_REDIS_PORT is "70000"');
  });
});

describe('what the finder prints', () => {
  test('holds no password', () => {
    expect(printableUrl('mysql://app:secret@db:3306/')).toBe('mysql://app:***@db:3306');
    expect(printableUrl('not a url')).toBe('not a URL');
  });

  test('is one line for each failure', () => {
    expect(reasonOf(new AggregateError([new Error('first\nreason')]))).toBe('first reason');
    expect(reasonOf(Object.assign(new Error(''), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
  });
});
