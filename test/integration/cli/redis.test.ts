import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { systemClock } from '../../../src/core/clock.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { SharedCacheNotes } from '../../../src/storage/index.js';
import { objectOf, resultOf, runCli } from '../../support/cli/run-cli.js';
import { freePort } from '../../support/ports.js';
import {
  type FreshDatabase,
  freshDatabase,
  freshKeyPrefix,
  type RedisProcess,
  redisUrl,
  removeKeys,
  startRedis,
} from '../../support/services.js';

describe('with --redis', () => {
  const keyPrefix = freshKeyPrefix();
  let database: FreshDatabase;
  let env: Record<string, string>;
  let server: OAuth2;
  let redis: RedisProcess;

  beforeAll(async () => {
    database = await freshDatabase('mariadb');
    redis = await startRedis();
    env = { DATABASE_URL: database.url };
    resultOf(await runCli(['migrate', '--json'], { env }));
    // A server that would keep a token for an hour if nobody told it.
    server = createOAuth2({
      database: database.url,
      redis: redisUrl(),
      keyPrefix,
      cache: { maxAgeSeconds: 3600, revocationBoundSeconds: 1 },
    });
  });

  afterAll(async () => {
    await server?.close();
    await redis?.stop();
    await removeKeys(redisUrl(), keyPrefix);
    await database?.drop();
  });

  async function cachedToken(): Promise<{ client: string; token: string }> {
    const created = await server.applications.create({ name: 'cached', grantTypes: ['client_credentials'] });
    const client = created.application.clientId;
    const { access_token: token } = await server.tokens.issue({ application: client, scope: 'read' });
    await server.tokens.verify(token);
    return { client, token };
  }

  /** Resolves when the server refuses the token; the runner's time-out is the cap. */
  async function refusal(token: string): Promise<void> {
    while (
      await server.tokens.verify(token).then(
        () => true,
        () => false,
      )
    ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  test.each([
    [['--redis', redisUrl()], {}],
    [[], { REDIS_URL: redisUrl() }],
  ])('a revocation reaches the caches of running servers: %j %j', async (args, extra) => {
    const { token } = await cachedToken();
    const call = ['tokens', 'revoke', '--key-prefix', keyPrefix, ...args, '--json', '--', token];
    expect(resultOf(await runCli(call, { env: { ...env, ...extra } }))).toEqual({ revoked: true });
    await refusal(token);
  });

  test('the deletion of an application reaches them too', async () => {
    const { client, token } = await cachedToken();
    const call = [
      'applications',
      'delete',
      '--yes',
      '--key-prefix',
      keyPrefix,
      '--redis',
      redisUrl(),
      '--json',
      '--',
      client,
    ];
    expect(resultOf(await runCli(call, { env }))).toEqual({ client_id: client, deleted: true });
    await refusal(token);
  });

  test('that an application is disabled reaches them, and that it is enabled again', async () => {
    const { client, token } = await cachedToken();
    const options = ['--key-prefix', keyPrefix, '--redis', redisUrl(), '--json', '--', client];
    const disabled = resultOf(await runCli(['applications', 'disable', ...options], { env }));
    expect(disabled).toEqual({ client_id: client, disabled: true, changed: true });
    await refusal(token);
    const enabled = resultOf(await runCli(['applications', 'enable', ...options], { env }));
    expect(enabled).toEqual({ client_id: client, disabled: false, changed: true });
    expect((await server.tokens.inspect(token)).active).toBe(true);
  });

  test('away, an application is disabled in the database and the command says what remains', async () => {
    const { client } = await cachedToken();
    const url = `redis://127.0.0.1:${await freePort()}`;
    const { code, stderr } = await runCli(['applications', 'disable', '--redis', url, '--', client], { env });
    expect(code).toBe(3);
    expect(stderr).toContain(`the application ${client} is disabled in the database, but Redis could not be notified`);
    expect((await server.applications.findByClientId(client))?.isDisabled()).toBe(true);
  });

  test.each(['away', 'frozen'])(
    'that is %s, the token is revoked in the database and the command says what remains',
    async (how) => {
      const { token } = await cachedToken();
      const url = how === 'away' ? `redis://:hunter22@127.0.0.1:${await freePort()}` : redis.url;
      if (how === 'frozen') redis.freeze();
      try {
        const { code, stdout, stderr } = await runCli(['tokens', 'revoke', '--redis', url, '--json', '--', token], {
          env,
        });
        expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
        expect(objectOf(stderr)).toEqual({
          error: 'temporarily_unavailable',
          error_description: expect.stringMatching(
            /^--redis \(or REDIS_URL\): the token is revoked in the database, but Redis could not be notified; caches may keep it for up to maxAgeSeconds/,
          ),
        });
        expect(stderr).not.toContain(token);
        expect(stderr).not.toContain('hunter22');
      } finally {
        redis.thaw();
      }
      expect(await server.tokens.inspect(token)).toEqual({ active: false });
      // The advice: once more, when Redis is back.
      const again = ['tokens', 'revoke', '--redis', redisUrl(), '--key-prefix', keyPrefix, '--json', '--', token];
      expect(resultOf(await runCli(again, { env }))).toEqual({ revoked: false });
      await refusal(token);
    },
  );

  test('away, an application is deleted from the database and the command says what remains', async () => {
    const { client } = await cachedToken();
    const url = `redis://127.0.0.1:${await freePort()}`;
    const { code, stderr } = await runCli(['applications', 'delete', '--yes', '--redis', url, '--', client], { env });
    expect(code).toBe(3);
    expect(stderr).toContain(`the application ${client} is deleted from the database, but Redis could not be notified`);
    expect(await server.applications.findByClientId(client)).toBeUndefined();
  });

  describe('[ALL-66] that the servers use, as they have noted in the database', () => {
    beforeAll(async () => {
      while ((await new SharedCacheNotes(server.models).list()).length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });

    const revoke = (token: string, ...args: string[]) =>
      runCli(['tokens', 'revoke', ...args, '--json', '--', token], { env });

    test('the key prefix need not be given', async () => {
      const { token } = await cachedToken();
      expect(resultOf(await revoke(token, '--redis', redisUrl()))).toEqual({ revoked: true });
      await refusal(token);
    });

    test.each([
      ['without Redis', [], 'give --redis (or REDIS_URL), or --config, and run the command again'],
      ['under another key prefix', ['--redis', redisUrl(), '--key-prefix', 'other:'], 'give --key-prefix "'],
    ])('%s, the token is revoked in the database only, and the command fails', async (_how, args, fix) => {
      const { token } = await cachedToken();
      const { code, stdout, stderr } = await revoke(token, ...args);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      const { error, error_description: description } = objectOf(stderr);
      expect(error).toBe('caches_not_told');
      expect(description).toContain('the token is revoked in the database, but the caches that the servers share');
      expect(description).toContain(`(key prefix ${JSON.stringify(keyPrefix)}) were not told`);
      expect(description).toContain('for up to 3600 s');
      expect(description).toContain(fix);
      expect(await server.tokens.inspect(token)).toEqual({ active: false });
      // What the message is about: the server still takes it.
      await expect(server.tokens.verify(token)).resolves.toBeDefined();
      expect(resultOf(await revoke(token, '--redis', redisUrl()))).toEqual({ revoked: false });
      await refusal(token);
    });

    test('in a Redis where none of the servers listens, the command fails and says so, if any of them may run', async () => {
      const { token } = await cachedToken();
      const { code, stdout, stderr } = await revoke(token, '--redis', redis.url);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      const { error, error_description: description } = objectOf(stderr);
      expect(error).toBe('caches_not_told');
      expect(description).toContain('the token is revoked in the database, but the caches that the servers share');
      expect(description).toContain('give the Redis of the servers, since nobody listens in this one');
      expect(await server.tokens.inspect(token)).toEqual({ active: false });
      await expect(server.tokens.verify(token)).resolves.toBeDefined();
      expect(resultOf(await revoke(token, '--redis', redisUrl()))).toEqual({ revoked: false });
      await refusal(token);
    });

    test('a note that was not renewed for a quarter of an hour is of servers that have ended', async () => {
      const { token } = await cachedToken();
      const record = () => server.models.ServerRecord.query().where('kind', 'SharedCache');
      const renewed = await record();
      await record().patch({ updatedAtMilliseconds: Date.now() - 15 * 60_000 });
      try {
        expect(resultOf(await revoke(token, '--redis', redis.url))).toEqual({ revoked: true });
      } finally {
        await record().patch({ updatedAtMilliseconds: Number(renewed[0]?.updatedAtMilliseconds) });
      }
      expect(resultOf(await revoke(token, '--redis', redisUrl()))).toEqual({ revoked: false });
      await refusal(token);
    });

    test('where Redis does not say who listens, the command trusts it', async () => {
      const { token } = await cachedToken();
      const url = new URL(redis.url);
      const admin = new Redis(redis.url);
      await admin.acl('SETUSER', 'deaf', 'on', '>deaf', '~*', '&*', '+@all', '-pubsub');
      await admin.quit();
      [url.username, url.password] = ['deaf', 'deaf'];
      expect(resultOf(await revoke(token, '--redis', url.href))).toEqual({ revoked: true });
      expect(resultOf(await revoke(token, '--redis', redisUrl()))).toEqual({ revoked: false });
      await refusal(token);
    });

    test('--no-redis accepts that, and says what it means', async () => {
      const { token } = await cachedToken();
      const { code, stdout, stderr } = await runCli(['tokens', 'revoke', '--no-redis', '--', token], { env });
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'Revoked.\n' });
      expect(stderr).toContain('were not told: they may use what they hold for up to 3600 s');
    });

    test('what is disabled, deleted or ended without Redis is told of in the same way', async () => {
      const { client } = await cachedToken();
      for (const call of [
        ['applications', 'disable', client],
        ['sessions', 'end', '--user', 'alice'],
        ['applications', 'delete', '--yes', client],
      ]) {
        const { code, stderr } = await runCli([...call, '--json'], { env });
        expect([code, objectOf(stderr).error]).toEqual([3, 'caches_not_told']);
      }
      expect(await server.applications.findByClientId(client)).toBeUndefined();
    });

    test('a note that is not renewed is forgotten, but not before the entries', async () => {
      const at = (seconds: number) => ({
        ...systemClock,
        nowMilliseconds: () => systemClock.nowMilliseconds() + seconds * 1000,
      });
      const seen = (seconds: number) => new SharedCacheNotes(server.models, { clock: at(seconds) }).list();
      expect(await seen(3600)).toMatchObject([{ keyPrefix, maxAgeSeconds: 3600 }]);
      expect(await seen(7201)).toEqual([]);
    });
  });

  test('a command that tells caches nothing does not need it', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    expect(resultOf(await runCli(['applications', 'list', '--redis', url, '--json'], { env }))).toHaveProperty(
      'applications',
    );
  });

  test('a database that becomes unavailable is not taken for a Redis that is unavailable', async () => {
    const port = await freePort();
    const call = ['tokens', 'revoke', 'abc', '--redis', redisUrl(), '--database', `mysql://root@127.0.0.1:${port}/x`];
    const { code, stderr } = await runCli(call);
    expect(code).toBe(3);
    expect(stderr).toContain('--database (or DATABASE_URL): cannot use');
  });
});

describe('without any Redis', () => {
  test('[ALL-66] servers that share no cache leave no note, and a revocation needs none', async () => {
    const database = await freshDatabase('sqlite');
    const server = createOAuth2({ database: database.url });
    try {
      await server.migrate();
      await server.ready();
      const { application } = await server.applications.create({ name: 'x', grantTypes: ['client_credentials'] });
      const { access_token: token } = await server.tokens.issue({ application, scope: 'read' });
      const call = ['tokens', 'revoke', '--json', '--', token];
      expect(resultOf(await runCli(call, { env: { DATABASE_URL: database.url } }))).toEqual({ revoked: true });
    } finally {
      await server.close();
      await database.drop();
    }
  });
});
