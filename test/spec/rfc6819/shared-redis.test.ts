import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2, type OAuth2Options, Throttle } from '../../../src/public/index.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../support/http.js';
import { type FreshDatabase, freshDatabase, type RedisProcess, startRedis } from '../../support/services.js';

@JsonController()
class Books {
  @Authorized('read')
  @Get('/books')
  list() {
    return [];
  }

  @Authorized('read')
  @Throttle({ name: 'few', rate: '3/h', subject: 'user' })
  @Get('/few')
  few() {
    return [];
  }
}

/** An application over a database of its own. */
interface Application {
  readonly url: string;
  readonly oauth2: OAuth2;
  readonly id: string;
}

const ENTRY = (id: string, token: string) =>
  `oauth2:${id}:token:${createHash('sha256').update(token).digest('base64url')}`;

const warnings: string[] = [];

describe('[RS-62 §5.1.4] a Redis that others can write to', () => {
  let redis: RedisProcess;
  let writer: Redis;
  const databases: FreshDatabase[] = [];
  const closing: (() => Promise<unknown>)[] = [];

  // FLUSHALL below: a server of this test's own.
  beforeAll(async () => {
    redis = await startRedis();
    writer = new Redis(redis.url);
  }, 120_000);

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    for (const database of databases.splice(0)) await database.drop();
    await writer.flushall();
    warnings.length = 0;
  }, 120_000);

  afterAll(async () => {
    writer.disconnect();
    await redis.stop();
  });

  async function database(): Promise<string> {
    const fresh = await freshDatabase('sqlite');
    databases.push(fresh);
    return fresh.url;
  }

  async function start(databaseUrl: string, options: Partial<OAuth2Options> = {}): Promise<Application> {
    const oauth2 = createOAuth2({
      database: databaseUrl,
      redis: redis.url,
      logger: { ...silentLogger, warn: (message: string) => warnings.push(message) },
      ...options,
      // A wide bound, so that a slow machine does not lose the proof of its channel.
      cache: { deadlineMilliseconds: 1_000, revocationBoundSeconds: 10, ...options.cache },
    });
    closing.push(() => oauth2.close());
    await oauth2.migrate();
    await oauth2.ready();
    const koa = oauth2.createKoaServer({ controllers: [Books] });
    koa.silent = true;
    const server: Server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, koa.callback());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const [row] = await oauth2.knex('oauth2_database_identity').select('identity');
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, oauth2, id: String(row?.identity) };
  }

  async function status(application: Application, token: string, path = '/books'): Promise<number> {
    return (await fetch(`${application.url}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;
  }

  async function issue({ oauth2 }: Application): Promise<string> {
    const { application } = await oauth2.applications.create({ name: 'demo', grantTypes: ['client_credentials'] });
    return (await oauth2.tokens.issue({ application, scope: ['read'] })).access_token;
  }

  async function demoOf({ oauth2 }: Application): Promise<string> {
    return String((await oauth2.knex('oauth2_applications').first('client_id'))?.client_id);
  }

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 40_000;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error('The condition did not come to hold.');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Asks until the entry of a token lies in Redis; its field and value. */
  async function entryOf(application: Application, token: string): Promise<[field: string, value: string]> {
    let found: [string, string] | undefined;
    await until(async () => {
      // A process keeps no look-up from before its channel was proven, so the first ones leave nothing.
      expect(await status(application, token)).toBe(200);
      const [entry] = Object.entries(await writer.hgetall(ENTRY(application.id, token)));
      found = entry?.[1].startsWith('m1.') === true ? entry : undefined;
      return found !== undefined;
    });
    return found as [string, string];
  }

  /** Puts a value where the application looks for a token, and asks. */
  async function withEntry(application: Application, token: string, field: string, value: string): Promise<number> {
    await writer.hset(ENTRY(application.id, token), field, value);
    await writer.expire(ENTRY(application.id, token), 60);
    return status(application, token);
  }

  test('two applications with the default prefix do not accept each other’s tokens, and share no counters', async () => {
    const one = await start(await database());
    const other = await start(await database());
    expect(one.id).not.toBe(other.id);
    const token = await issue(one);
    await entryOf(one, token);
    expect(await status(other, token)).toBe(401);
    expect(await status(one, token)).toBe(200);

    const own = await issue(other);
    for (let i = 0; i < 3; i++) expect(await status(one, token, '/few')).toBe(200);
    expect(await status(one, token, '/few')).toBe(429);
    expect(await status(other, own, '/few')).toBe(200);
  }, 120_000);

  test('every key and channel holds the identity of the database', async () => {
    const application = await start(await database());
    await entryOf(application, await issue(application));
    expect(await status(application, await issue(application), '/few')).toBe(200);
    const keys = await writer.keys('*');
    expect(keys.length).toBeGreaterThan(2);
    for (const name of [...keys, ...(await writer.pubsub('CHANNELS', '*'))] as string[]) {
      expect(name).toMatch(new RegExp(`^oauth2:${application.id}:`));
    }
  }, 120_000);

  test('two processes over one database share what they know', async () => {
    const url = await database();
    const first = await start(url);
    const second = await start(url);
    // Before its channel is proven it would ask the database.
    await entryOf(second, await issue(second));
    const token = await issue(first);
    await entryOf(first, token);
    // Now only Redis can tell it.
    await first.oauth2.knex('oauth2_access_tokens').delete();
    expect(await status(second, token)).toBe(200);
  }, 120_000);

  test('a forged entry with every field right but the MAC admits nobody', async () => {
    const application = await start(await database());
    const [field, value] = await entryOf(application, await issue(application));
    const forged = randomBytes(32).toString('base64url');
    const [, keyId, mac, text] = /^m1\.([\w-]+)\.([\w-]+)\.(.*)$/s.exec(value) as unknown as string[];
    const entry = JSON.parse(text as string) as { token: { key: string } };
    entry.token.key = createHash('sha256').update(forged).digest('base64url');
    const wanted = JSON.stringify(entry);
    const guessed = createHmac('sha256', Buffer.alloc(32)).update(wanted).digest('base64url');
    for (const attempt of [wanted, `m1.${keyId}.${mac}.${wanted}`, `m1.${keyId}.${guessed}.${wanted}`]) {
      expect(await withEntry(application, forged, field, attempt)).toBe(401);
    }
  }, 120_000);

  test('an entry that is copied to another token, policy or database admits nobody', async () => {
    const url = await database();
    const application = await start(url);
    const strict = await start(url, { resource: 'https://api.example.com' });
    const other = await start(await database());
    const token = await issue(application);
    const [field, value] = await entryOf(application, token);
    const unknown = randomBytes(32).toString('base64url');
    expect(await withEntry(application, unknown, field, value)).toBe(401);
    const [strictField] = await entryOf(strict, await issue(strict));
    expect(strictField).not.toBe(field);
    expect(await withEntry(strict, token, strictField, value)).toBe(401);
    expect(await withEntry(other, token, field, value)).toBe(401);
  }, 120_000);

  test('a forged message makes no process forget, and is reported rarely; an authentic one is obeyed', async () => {
    const url = await database();
    const one = await start(url);
    const other = await start(url);
    const token = await issue(one);
    await entryOf(one, token);
    expect(await status(one, token)).toBe(200);
    // From here on the token is known to the memory of this process alone.
    await one.oauth2.knex('oauth2_access_tokens').delete();
    await writer.del(ENTRY(one.id, token));
    const channel = `oauth2:${one.id}:token-invalidations`;
    const forgeries = ['*', '1 *', 'u:alice', '9007199254740991 *', `m1.${'a'.repeat(8)}.${'b'.repeat(43)}.*`, ''];
    for (let round = 0; round < 20; round++) for (const forged of forgeries) await writer.publish(channel, forged);
    await until(() => warnings.length >= 2);
    expect(await status(one, token)).toBe(200);
    expect(warnings).toHaveLength(2);
    for (const warning of warnings) expect(warning).toMatch(/messages in Redis were ignored/);

    await other.oauth2.tokens.invalidate({ application: await demoOf(other) });
    await until(async () => (await status(one, token)) === 401);
  }, 120_000);

  test('keys of one’s own take the place of the database’s, and are replaced one after the other', async () => {
    const url = await database();
    const [old, next] = [randomBytes(32), randomBytes(32).toString('base64url')];
    const before = await start(url, { cache: { authenticationKeys: [old] } });
    const prepared = await start(url, { cache: { authenticationKeys: [old, next] } });
    const changed = await start(url, { cache: { authenticationKeys: [next, old] } });
    const withoutThem = await start(url);
    // Before their channels are proven they would ask the database.
    for (const one of [prepared, changed]) await entryOf(one, await issue(one));
    const token = await issue(before);
    const [field, value] = await entryOf(before, token);
    await before.oauth2.knex('oauth2_access_tokens').delete();
    // The database has forgotten the token: only who can read the entry still knows it.
    for (const one of [prepared, changed]) expect(await status(one, token)).toBe(200);
    expect(await withEntry(withoutThem, token, field, value)).toBe(401);

    const second = await issue(changed);
    const [, written] = await entryOf(changed, second);
    expect(written.slice(0, 12)).not.toBe(value.slice(0, 12));
    await before.oauth2.knex('oauth2_access_tokens').delete();
    expect(await status(prepared, second)).toBe(200);
  }, 120_000);

  test('a database without an identity works without the shared cache, which begins once it is migrated', async () => {
    const url = await database();
    const migrating = createOAuth2({ database: url, logger: silentLogger });
    closing.push(() => migrating.close());
    await migrating.migrate();
    const identity = await migrating.knex('oauth2_database_identity').first();
    await migrating.knex.schema.renameTable('oauth2_database_identity', 'away');
    const oauth2 = createOAuth2({
      database: url,
      redis: redis.url,
      logger: { ...silentLogger, warn: (message: string) => warnings.push(message) },
      cache: { deadlineMilliseconds: 1_000 },
    });
    closing.push(() => oauth2.close());
    await oauth2.ready();
    expect(warnings.filter((warning) => /has no identity yet/.test(warning))).toHaveLength(1);
    const koa = oauth2.createKoaServer({ controllers: [Books] });
    koa.silent = true;
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, koa.callback());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => {
      server.closeAllConnections();
      server.close();
    });
    const application: Application = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      oauth2,
      id: String(identity?.identity),
    };
    const token = await issue(application);
    expect(await status(application, token)).toBe(200);
    expect(await status(application, token, '/few')).toBe(200);
    expect(await writer.keys('*token*')).toEqual([]);
    await migrating.knex.schema.renameTable('away', 'oauth2_database_identity');
    await entryOf(application, token);
    expect(await oauth2.tokens.revoke(token)).toBe(true);
    expect(await status(application, token)).toBe(401);
  }, 120_000);
});
