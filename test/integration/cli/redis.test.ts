import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
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
    const call = ['applications', 'delete', '--key-prefix', keyPrefix, '--redis', redisUrl(), '--json', '--', client];
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
    const { code, stderr } = await runCli(['applications', 'delete', '--redis', url, '--', client], { env });
    expect(code).toBe(3);
    expect(stderr).toContain(`the application ${client} is deleted from the database, but Redis could not be notified`);
    expect(await server.applications.findByClientId(client)).toBeUndefined();
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
