import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Get, JsonController } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import { authorizationServer } from '../../../src/public/authorization-server.js';
import { createOAuth2, type OAuth2, type OAuth2Options, Public, Throttle } from '../../../src/public/index.js';
import { memoryEngine } from '../../../src/throttling/index.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../support/http.js';
import { type FreshDatabase, freshDatabase, type RedisProcess, startRedis } from '../../support/services.js';
import { until } from '../../support/throttling/engines.js';

let server: RedisProcess;
let redis: Redis;
let database: FreshDatabase;
const opened: OAuth2[] = [];

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  database = await freshDatabase('sqlite');
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((oauth2) => oauth2.close()));
  redis.disconnect();
  await server.stop();
  await database.drop();
});

async function open(throttling: OAuth2Options['throttling']): Promise<OAuth2> {
  const oauth2 = createOAuth2({
    database: database.url,
    redis: server.url,
    keyPrefix: 'shop:',
    throttling,
    logger: silentLogger,
  });
  opened.push(oauth2);
  await oauth2.migrate();
  await oauth2.ready();
  return oauth2;
}

/** The key of the processes over this database, which hold its identity. */
async function keyOf(oauth2: OAuth2, name: string): Promise<string> {
  const row = await oauth2.knex('oauth2_database_identity').first('identity');
  return `shop:${row?.identity}:throttle:${name}`;
}

describe('createOAuth2 with Redis', () => {
  test('counts with leases there: processes join a fleet, and leave it when they are closed', async () => {
    const one = await open({ policies: { user: '5/h' } });
    await open({ policies: { user: '5/h' }, whenLedgerIsLost: 'restart' });
    expect(await redis.exists(await keyOf(one, 'ledger'))).toBe(1);
    const members = await keyOf(one, 'members');
    expect(await redis.zcard(members)).toBe(2);
    await one.close();
    expect(await redis.zcard(members)).toBe(1);
  });

  test('counts with the engine of the host, if it has one', async () => {
    const oauth2 = await open({ policies: { user: '5/h' }, engine: memoryEngine() });
    expect(await redis.zcard(await keyOf(oauth2, 'members'))).toBe(0);
  });
});

@JsonController()
class Actions {
  @Public()
  @Throttle('user')
  @Get('/throttled')
  throttled() {
    return {};
  }
}

test('[TH-50] one outage is told once, by an application that is an authorization server too', async () => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const oauth2 = createOAuth2({
    database: 'sqlite::memory:',
    redis: server.url,
    throttling: { policies: { user: '500/h' } },
    scopes: { read: 'Read' },
    users: { findById: () => undefined, isActive: () => false },
    authorizationServer: authorizationServer({
      issuer: 'http://127.0.0.1',
      encryptionKeys: [randomBytes(32).toString('base64url')],
      authenticate: () => undefined,
    }),
    logger: { info: write, warn: write, error: write },
  });
  opened.push(oauth2);
  await oauth2.migrate();
  await oauth2.ready();
  const koa = oauth2.createKoaServer({ controllers: [Actions] });
  koa.silent = true;
  const listening = koa.listen(0, '127.0.0.1');
  listening.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  await once(listening, 'listening');
  try {
    const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
    const askAll = async () => {
      const throttled = await fetch(`${url}/throttled`);
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'nobody', client_secret: 'x' });
      const token = await fetch(`${url}/oauth2/token`, { method: 'POST', body });
      const guessed = await fetch(`${url}/throttled`, { headers: { authorization: 'Bearer unknown' } });
      return [throttled.status, token.status, guessed.status];
    };
    expect(await askAll()).toEqual([200, 401, 200]);
    await server.kill();
    // What this process holds a lease of is still admitted, until it hears of the end of its connection.
    await until(async () => (await askAll())[0] === 503, 'the outage is met');
    for (let more = 0; more < 5; more++) expect((await askAll())[0]).toBe(503);
    const told = () => lines.filter((line) => line.includes("The throttle's store"));
    expect(told()).toHaveLength(1);
    await server.restart();
    for (const end = Date.now() + 20_000; told().length < 2 && Date.now() < end; ) await askAll();
    expect(told()).toHaveLength(2);
    expect(told()[1]).toBe("The throttle's store is up again.");
  } finally {
    listening.closeAllConnections();
    listening.close();
  }
});
