import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../src/core/logger.js';
import { startAuthorizationServer, type TestClient } from '../../support/authorization-server.js';
import { type RedisProcess, startRedis } from '../../support/services.js';
import { AuthorizationServerSuite, FOR_USERS } from '../../support/spec/authorization-server.js';

describe('a revocation of which the caches cannot be told', () => {
  const suite = new AuthorizationServerSuite();
  let redis: RedisProcess;
  let client: TestClient;
  let machine: TestClient;
  beforeAll(async () => {
    redis = await startRedis();
    suite.running = await startAuthorizationServer('sqlite', {
      // No throttle asks Redis: a 503 is one of the revocation.
      options: { throttling: { token: null, authorize: null, introspection: null, signIn: null, signInByName: null } },
      oauth2: { redis: redis.url, throttling: { failedAuthentication: null } },
      logger: silentLogger,
    });
    client = await suite.server.register(FOR_USERS);
    machine = await suite.server.register();
  }, 120_000);
  afterAll(async () => {
    await suite.running?.close();
    await redis?.stop();
  }, 120_000);

  /** It is in the database, and other processes may go on to admit the token. */
  async function expectRefusedTwice(by: TestClient, token: string): Promise<void> {
    for (const turn of ['first', 'again']) {
      const { status, headers } = await suite.revoke(by, token);
      expect({ turn, status, retryAfter: headers.get('retry-after') }).toEqual({ turn, status: 503, retryAfter: '1' });
    }
  }

  describe('while Redis is away', () => {
    beforeEach(() => redis.kill());
    afterEach(() => redis.restart());

    test('[AS-33 RS-16 §2.2] an unknown token needs nobody to be told', async () => {
      expect((await suite.revoke(machine, 'x'.repeat(43))).status).toBe(200);
    });
  });

  test('[AS-33 RS-16 §2.2] it is acknowledged only when they were told, however often it is repeated', async () => {
    const token = await suite.ownToken(machine);
    await redis.kill();
    await expectRefusedTwice(machine, token);
    await redis.restart();
    expect(await acknowledged(machine, token)).toBe(200);
  });

  test('[AS-34 RS-16 §2.2] nor is that of a refresh token', async () => {
    const { refresh_token } = await suite.tokens(client);
    await redis.kill();
    await expectRefusedTwice(client, refresh_token);
    await redis.restart();
    expect(await acknowledged(client, refresh_token)).toBe(200);
  });

  /** Once the server is connected again. */
  async function acknowledged(by: TestClient, token: string): Promise<number> {
    for (let tries = 1; ; tries += 1) {
      const { status } = await suite.revoke(by, token);
      if (status !== 503 || tries === 10) return status;
    }
  }
});
