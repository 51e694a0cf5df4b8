import { afterEach, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { createOAuth2, type OAuth2, type OAuth2Options } from '../../../src/public/index.js';
import { type Served, serve } from '../../support/http.js';
import { freePort } from '../../support/ports.js';
import { freshKeyPrefix, redisUrl } from '../../support/services.js';

@JsonController('/anything')
class Anything {
  @Authorized('a')
  @Get()
  get() {
    return {};
  }
}

const silent = { info() {}, warn() {}, error() {} };
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function site(options: Partial<OAuth2Options> = {}): Promise<{ oauth2: OAuth2; served: Served }> {
  const oauth2 = createOAuth2({ database: ':memory:', health: true, logger: silent, ...options });
  ends.push(() => oauth2.close());
  const served = await serve(oauth2.createKoaServer({ controllers: [Anything] }));
  ends.push(() => served.close());
  return { oauth2, served };
}

async function ask(served: Served, path: string) {
  const reply = await served.get(path);
  return { status: reply.status, body: await reply.json(), cache: reply.headers.get('cache-control') };
}

describe('/health/live', () => {
  test('is 200 for as long as the process answers, also without a database and after close()', async () => {
    const { oauth2, served } = await site({ database: `mysql://shop@127.0.0.1:${await freePort()}/shop` });
    const live = { status: 200, body: { status: 'live' }, cache: 'no-store' };
    expect(await ask(served, '/health/live')).toEqual(live);
    await oauth2.close();
    expect(await ask(served, '/health/live')).toEqual(live);
  });
});

describe('/health/ready', () => {
  test('is 503 until the database is migrated', async () => {
    let now = 0;
    const clock = { nowMilliseconds: () => Date.now(), monotonicMilliseconds: () => now };
    const { oauth2, served } = await site({ clock });
    const unready = { status: 503, body: { status: 'unready', parts: { database: 'down' } }, cache: 'no-store' };
    expect(await ask(served, '/health/ready')).toEqual(unready);
    await oauth2.migrate();
    now += 1_000;
    const ready = { status: 200, body: { status: 'ready', parts: { database: 'up' } }, cache: 'no-store' };
    expect(await ask(served, '/health/ready')).toEqual(ready);
  });

  test('is 503 while the database is away, and names no host, user or password', async () => {
    const port = await freePort();
    const { oauth2, served } = await site({ database: `mysql://shop:hidden@127.0.0.1:${port}/shop` });
    const { status, body } = await ask(served, '/health/ready');
    expect([status, body]).toEqual([503, { status: 'unready', parts: { database: 'down' } }]);
    const { parts } = await oauth2.health();
    expect(parts.database?.reason).toContain(`ECONNREFUSED 127.0.0.1:${port}`);
    expect(JSON.stringify(parts)).not.toContain('hidden');
  });

  test('answers in limited time when the database does not', async () => {
    const { oauth2, served } = await site();
    await oauth2.migrate();
    await oauth2.ready();
    let release: () => void = () => undefined;
    // A transaction holds the only connection.
    const held = oauth2.knex.transaction(() => new Promise<void>((resolve) => (release = resolve)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await ask(served, '/health/ready')).status).toBe(503);
    release();
    await held;
  });

  test('is 503 after close(), so that nothing more is routed here', async () => {
    const { oauth2, served } = await site();
    await oauth2.migrate();
    expect((await ask(served, '/health/ready')).status).toBe(200);
    const closed = oauth2.close();
    expect(await ask(served, '/health/ready')).toMatchObject({ status: 503, body: { status: 'closing' } });
    await closed;
    expect(await oauth2.health()).toMatchObject({ ready: false, closing: true });
  });

  test('asks the database once, however many probes come at once', async () => {
    const { oauth2, served } = await site();
    await oauth2.migrate();
    await oauth2.ready();
    const before = await oauth2.health();
    const reports = await Promise.all(Array.from({ length: 200 }, () => oauth2.health()));
    expect(new Set(reports).size).toBe(1);
    expect(reports[0]).toBe(before);
    expect((await ask(served, '/health/ready')).status).toBe(200);
  });

  test('is 200 without Redis, which is named, since guards work without it', async () => {
    const { oauth2, served } = await site({ redis: `redis://127.0.0.1:${await freePort()}` });
    await oauth2.migrate();
    await oauth2.ready();
    expect((await ask(served, '/health/ready')).body).toEqual({
      status: 'ready',
      parts: { database: 'up', tokenCache: 'down', throttles: 'down' },
    });
    expect((await oauth2.health()).parts.tokenCache).toMatchObject({ required: false });
  });

  test('names Redis where there is one', async () => {
    const { oauth2, served } = await site({ redis: redisUrl(), keyPrefix: freshKeyPrefix() });
    await oauth2.migrate();
    await oauth2.ready();
    const all = { status: 'ready', parts: { database: 'up', tokenCache: 'up', throttles: 'up' } };
    let body: unknown;
    for (const end = Date.now() + 20_000; JSON.stringify(body) !== JSON.stringify(all) && Date.now() < end; ) {
      body = (await ask(served, '/health/ready')).body;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(body).toEqual(all);
  });

  test('answers GET and HEAD, and nothing else', async () => {
    const { oauth2, served } = await site();
    await oauth2.migrate();
    expect((await served.get('/health/ready', { method: 'HEAD' })).status).toBe(200);
    const posted = await served.get('/health/ready', { method: 'POST' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  test('is served on request only', async () => {
    const { served } = await site({ health: false });
    expect((await served.get('/health/ready')).status).toBe(404);
    expect((await served.get('/health/live')).status).toBe(404);
  });

  test('can be mounted before another entry', async () => {
    const { oauth2 } = await site({ health: undefined });
    await oauth2.migrate();
    const served = await serve(new Koa().use(oauth2.healthMiddleware()));
    ends.push(() => served.close());
    expect((await ask(served, '/health/ready')).status).toBe(200);
    expect((await served.get('/other')).status).toBe(404);
  });
});
