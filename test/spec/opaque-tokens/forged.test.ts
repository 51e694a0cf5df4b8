import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { sha256Key } from '../../../src/core/digest.js';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, InvalidTokenError } from '../../../src/public/index.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { bearerHeader, serve } from '../../support/http.js';
import { redisCommandsDuring } from '../../support/redis-monitor.js';
import { freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import { expectError, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { call } from '../../support/spec/http.js';
import { expectInvalidToken } from '../../support/spec/refusals.js';

@JsonController('/guarded')
class Guarded {
  @Authorized('read')
  @Get()
  get() {
    return {};
  }
}

const TABLES = ['oauth2_access_tokens', 'oauth2_refresh_tokens'] as const;

/** Each second the channel of the cache is proven to work. */
const BY_ITSELF = /^publish |:token-marks |:throttle:members /i;

/** What somebody may try who knows how tokens look, and has seen one that was good. */
function forgeriesOf(good: string): fc.Arbitrary<string> {
  const text = fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,80}$/);
  const changed = fc
    .tuple(fc.nat(good.length - 1), fc.constantFrom(...'AZaz09-_'))
    .map(([at, to]) => good.slice(0, at) + to + good.slice(at + 1));
  return fc
    .oneof(
      changed,
      text,
      text.map((end) => good + end),
      text.map((end) => `rco_${end}`),
      fc.nat(good.length - 1).map((length) => good.slice(0, length)),
      fc
        .uint8Array({ minLength: 32, maxLength: 32 })
        .map((body) => `rco_${Buffer.from(body).toString('base64url')}${good.slice(-8)}`),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map((body) => Buffer.from(body).toString('base64url')),
    )
    .filter((token) => token !== good && token !== '');
}

describe.each(STACKS)('forged opaque tokens, on %s', (name) => {
  const withRedis = name === 'MariaDB + Redis';
  const keyPrefix = freshKeyPrefix();
  const suite = useAuthorizationServer(name, {
    controllers: [Guarded],
    ...(withRedis && { oauth2: { redis: redisUrl(), keyPrefix } }),
  });
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
  });
  afterAll(async () => {
    if (withRedis) await removeKeys(redisUrl(), keyPrefix);
  });

  const get = (token: string) => call(`${suite.url}/guarded`, { token });

  /** Takes the tables of tokens away meanwhile: whatever asks for a token fails. */
  async function withoutTables<T>(run: () => Promise<T>): Promise<T> {
    const { knex } = suite.server.oauth2;
    for (const table of TABLES) await knex.schema.renameTable(table, `${table}_away`);
    try {
      return await run();
    } finally {
      for (const table of TABLES) await knex.schema.renameTable(`${table}_away`, table);
    }
  }

  /** The commands to Redis meanwhile that concern this suite, without those that come by themselves. */
  async function commandsDuring(run: () => Promise<unknown>): Promise<string[]> {
    if (!withRedis) {
      await run();
      return [];
    }
    const commands = await redisCommandsDuring(redisUrl(), `${keyPrefix}last`, run);
    return commands.filter((command) => command.includes(keyPrefix) && !BY_ITSELF.test(command));
  }

  test('[RS-71] 401 invalid_token at guards, without a command and without a query', async () => {
    const { access_token: good } = await suite.tokens(client, { scope: 'read' });
    expect((await get(good)).status).toBe(200);
    const unseen = (await suite.server.oauth2.tokens.issue({ application: client.clientId, scope: 'read' }))
      .access_token;
    const forgeries = fc.sample(forgeriesOf(good), 300);
    const commands = await commandsDuring(() =>
      withoutTables(async () => {
        for (const token of forgeries) expectInvalidToken(await get(token));
        // One that is genuine is looked up.
        await expect(suite.server.oauth2.tokens.verify(unseen)).rejects.not.toBeInstanceOf(InvalidTokenError);
      }),
    );
    const keys = new Set(forgeries.map(sha256Key));
    expect(commands.filter((line) => [...keys].some((key) => line.includes(key)))).toEqual([]);
    expect((await get(good)).status).toBe(200);
  });

  test('[RS-71] the command counter of Redis stands still', async () => {
    const commands = await commandsDuring(async () => {
      for (let count = 0; count < 50; count += 1)
        expectInvalidToken(await get(`rco_${randomBytes(39).toString('base64url').slice(0, 51)}`));
    });
    expect(commands).toEqual([]);
  });

  test('[RS-71 RFC 7662 §2.2] inactive at introspection, without a look-up, and for whoever may ask', async () => {
    const { access_token: good, refresh_token: refresh } = await suite.tokens(client);
    const forgeries = [
      `${good.slice(0, -1)}~`,
      good.slice(0, -8),
      refresh.slice(0, -1),
      'a.b',
      'x',
      `rco_${'A'.repeat(51)}`,
    ];
    await withoutTables(async () => {
      for (const token of forgeries) {
        for (const hint of [{}, { token_type_hint: 'access_token' }, { token_type_hint: 'refresh_token' }] as Record<
          string,
          string
        >[]) {
          const { status, body } = await suite.introspect(client, token, hint);
          expect([token, status, body]).toEqual([token, 200, { active: false }]);
        }
      }
      expectError(await suite.post('/oauth2/introspect', { token: 'x' }), 400, 'invalid_request');
    });
    expect(await suite.isActive(client, good)).toBe(true);
    expect(await suite.isActive(client, refresh)).toBe(true);
  });

  test('[RS-71 RFC 7009 §2.2] 200 at revocation, without a look-up, and without effect', async () => {
    const { access_token: good } = await suite.tokens(client);
    await withoutTables(async () => {
      for (const token of [good.slice(0, -1), `${good}A`, 'x', 'a.b']) {
        for (const hint of [{}, { token_type_hint: 'refresh_token' }] as Record<string, string>[]) {
          expect([token, (await suite.revoke(client, token, hint)).status]).toEqual([token, 200]);
        }
      }
    });
    expect(await suite.isActive(client, good)).toBe(true);
  });

  test('[RS-71 RFC 6749 §5.2] invalid_grant for a refresh token, and invalid_token at userinfo, without a look-up', async () => {
    const { refresh_token: refresh } = await suite.tokens(client);
    await withoutTables(async () => {
      expectError(await suite.refresh(client, `${refresh.slice(0, -1)}~`), 400, 'invalid_grant');
      expectError(await suite.refresh(client, randomBytes(32).toString('base64url')), 400, 'invalid_grant');
      const answer = await suite.send('/oauth2/userinfo', { headers: bearerHeader('rco_x') });
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_token']);
    });
    expect((await suite.refresh(client, refresh)).status).toBe(200);
  });

  test('[RS-71] the token service neither asks about them nor revokes anything', async () => {
    const { tokens } = suite.server.oauth2;
    const { access_token: good } = await tokens.issue({ application: client.clientId, scope: 'read' });
    await withoutTables(async () => {
      for (const token of [good.slice(0, -1), `${good}A`, 'x', randomBytes(32).toString('base64url')]) {
        await expect(tokens.verify(token)).rejects.toThrow(InvalidTokenError);
        expect([await tokens.inspect(token), await tokens.revoke(token)]).toEqual([{ active: false }, false]);
      }
    });
    expect(await tokens.verify(good)).toMatchObject({ scopes: ['read'] });
  });

  test('[RS-71] they count as failed authentications, so that a flood of them is answered with 429', async () => {
    const limited = createOAuth2({
      database: suite.server.databaseUrl,
      logger: silentLogger,
      throttling: { failedAuthentication: '5/m' },
    });
    await limited.ready();
    const served = await serve(limited.createKoaServer({ controllers: [Guarded] }));
    const { access_token: good } = await limited.tokens.issue({ application: client.clientId, scope: 'read' });
    const statuses = [];
    for (let count = 0; count < 7; count += 1) {
      statuses.push((await served.get('/guarded', { headers: bearerHeader(`rco_${'A'.repeat(51 - count)}`) })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    await limited.tokens.verify(good);
    expect((await served.get('/guarded', { headers: bearerHeader(good) })).status).toBe(200);
    await served.close();
    await limited.close();
  });
});
