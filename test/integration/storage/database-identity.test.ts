import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, Public, Throttle } from '../../../src/public/index.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../support/http.js';
import { freshDatabase, freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { until } from './fixture.js';

@JsonController()
class Books {
  @Authorized('read')
  @Get('/books')
  list() {
    return [];
  }

  @Public()
  @Throttle({ name: 'often', rate: '1000/h', subject: 'anon' })
  @Get('/often')
  often() {
    return [];
  }
}

describe('a process that starts while its database is unavailable', () => {
  const keyPrefix = freshKeyPrefix();
  const closing: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    await removeKeys(redisUrl(), keyPrefix);
  });

  test('asks for the identity again until the database is there, and then shares what it knows', async () => {
    const fresh = await freshDatabase('mariadb');
    closing.push(() => fresh.drop());
    const owner = createOAuth2({ database: fresh.url, logger: silentLogger });
    closing.push(() => owner.close());
    await owner.migrate();
    const { application } = await owner.applications.create({ name: 'demo', grantTypes: ['client_credentials'] });
    const issueToken = async () => (await owner.tokens.issue({ application, scope: ['read'] })).access_token;
    const token = await issueToken();
    const identity = String((await owner.knex('oauth2_database_identity').first('identity'))?.identity);

    const target = new URL(fresh.url);
    const proxy = new TcpProxy(target.hostname, Number(target.port));
    await proxy.start();
    await proxy.stop();
    target.hostname = '127.0.0.1';
    target.port = String(proxy.port);
    const cache = { deadlineMilliseconds: 1_000 };
    const oauth2 = createOAuth2({ database: target.href, redis: redisUrl(), keyPrefix, cache, logger: silentLogger });
    closing.push(() => oauth2.close());
    const koa = oauth2.createKoaServer({ controllers: [Books] });
    koa.silent = true;
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, koa.callback());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => {
      server.closeAllConnections();
      server.close();
    });
    const call = async (path: string, presented = token) => {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
      return fetch(url, { headers: { authorization: `Bearer ${presented}` } });
    };

    await oauth2.ready();
    const refused = await call('/often');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await call('/books')).status).toBe(503);

    await proxy.start();
    closing.push(() => proxy.stop());
    await until(async () => (await call('/often')).status === 200);
    await until(async () => (await call('/books')).status === 200);
    const { Redis } = await import('ioredis');
    const redis = new Redis(redisUrl());
    closing.push(async () => redis.disconnect());
    // Another token in each attempt: one that was checked before the cache had its identity stays in memory alone.
    await until(async () => {
      expect((await call('/books', await issueToken())).status).toBe(200);
      return (await redis.keys(`${keyPrefix}${identity}:token:*`)).length > 0;
    });
    expect((await redis.keys(`${keyPrefix}*`)).every((key) => key.startsWith(`${keyPrefix}${identity}:`))).toBe(true);
  }, 60_000);
});
