import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import {
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

@JsonController('/guarded')
class Guarded {
  @Authorized('read')
  @Get()
  get() {
    return { ok: true };
  }
}

const ENCRYPTION_KEYS = [randomBytes(32)];
/** The longest that an instance may trust what it has cached of a token, without Redis between the two. */
const BOUND_SECONDS = 5;

describe.each(STACKS)('two instances over one database, on %s', (name) => {
  const keyPrefix = freshKeyPrefix();
  const cache = { revocationBoundSeconds: BOUND_SECONDS };
  const shared = name === 'MariaDB + Redis' ? { redis: redisUrl(), keyPrefix, cache } : { cache };
  const suite = useAuthorizationServer(name, {
    controllers: [Guarded],
    options: { encryptionKeys: ENCRYPTION_KEYS },
    oauth2: shared,
  });
  let other: RunningAuthorizationServer;
  let client: TestClient;
  let machine: TestClient;
  beforeAll(async () => {
    other = await startAuthorizationServer('sqlite', {
      controllers: [Guarded],
      options: { issuer: suite.url, encryptionKeys: ENCRYPTION_KEYS },
      oauth2: { ...shared, database: suite.server.databaseUrl, clock: suite.clock },
    });
    client = await suite.server.register(FOR_USERS);
    machine = await suite.server.register();
  });
  afterAll(async () => {
    await other?.close();
    if (name === 'MariaDB + Redis') await removeKeys(redisUrl(), keyPrefix);
  });

  const call = async (token: string, url: string) =>
    (await fetch(`${url}/guarded`, { headers: { authorization: `Bearer ${token}` } })).status;

  /** Works at both instances now, and so is in both caches. */
  async function expectAlive(...tokens: string[]): Promise<void> {
    for (const token of tokens) {
      for (const url of [suite.url, other.url]) expect([url, await call(token, url)]).toEqual([url, 200]);
    }
  }

  /** Refused at the first instance at once, and at the other once the bound is over. */
  async function expectDead(...tokens: string[]): Promise<void> {
    for (const token of tokens) expect(await call(token, suite.url)).toBe(401);
    suite.clock.offsetSeconds += BOUND_SECONDS + 1;
    for (const token of tokens) expect(await call(token, other.url)).toBe(401);
  }

  test('[AS-33 RS-16 §2.1] a client-credentials token works at once, and after its revocation nowhere', async () => {
    const token = await suite.ownToken(machine);
    await expectAlive(token);
    expect((await suite.revoke(machine, token)).status).toBe(200);
    await expectDead(token);
  });

  test('[RS-16 §2.1] a token that was tried before it was issued is no reason to refuse it', async () => {
    expect(await call('unknown', suite.url)).toBe(401);
    await expectAlive(await suite.ownToken(machine));
  });

  test('[AS-34 RS-16 §2.1] with its refresh token an access token is refused at every instance', async () => {
    const { access_token, refresh_token } = await suite.tokens(client);
    await expectAlive(access_token);
    await suite.revoke(client, refresh_token);
    await expectDead(access_token);
  });

  test('[AS-26 AS-32 RS-16] so it does when a code, or a refresh token, is used again', async () => {
    const code = await suite.code(client);
    const first = await suite.exchange(client, code);
    await expectAlive(String(first.body.access_token));
    await suite.exchange(client, code);
    await expectDead(String(first.body.access_token));

    const tokens = await suite.tokens(client);
    const second = (await suite.refresh(client, tokens.refresh_token)).body;
    const third = (await suite.refresh(client, String(second.refresh_token))).body;
    const alive = [tokens.access_token, String(second.access_token), String(third.access_token)];
    await expectAlive(...alive);
    await suite.refresh(client, tokens.refresh_token);
    await expectDead(...alive);
  });

  test('[RS-17] so it does when the consent is withdrawn', async () => {
    const { access_token } = await suite.tokens(client);
    await expectAlive(access_token);
    await suite.server.oauth2.authorizationServer?.consents.withdraw('alice', client.clientId);
    await expectDead(access_token);
  });

  test('[RS-17] a disabled user: refused within the bound, at introspection too', async () => {
    const { access_token } = await suite.tokens(client, {}, { user: 'bob' });
    await expectAlive(access_token);
    const bob = suite.server.users.get('bob') as { active: boolean };
    const there = other.users.get('bob') as { active: boolean };
    bob.active = false;
    there.active = false;
    suite.clock.offsetSeconds += BOUND_SECONDS + 1;
    expect(await suite.isActive(client, access_token)).toBe(false);
    for (const url of [suite.url, other.url]) expect(await call(access_token, url)).toBe(401);
    bob.active = true;
    there.active = true;
  });

  test('[RS-17] a disabled application, and a deleted one', async () => {
    for (const end of ['disable', 'delete'] as const) {
      const leaving = await suite.server.register();
      const token = await suite.ownToken(leaving);
      await expectAlive(token);
      const { applications } = suite.server.oauth2;
      await (end === 'disable' ? applications.disable(leaving.clientId) : applications.delete(leaving.clientId));
      await expectDead(token);
    }
  });

  test('[AS-26 AS-31] what one instance issued the other takes: codes, refresh tokens, tokens', async () => {
    const code = await suite.code(client);
    const form = {
      grant_type: 'authorization_code',
      code: code.code,
      code_verifier: code.verifier,
      redirect_uri: FOR_USERS.redirectUris[0] as string,
    };
    const tokens = await other.token(form, client);
    expect(tokens).toMatchObject({ scope: 'read' });
    expect((await suite.exchange(client, code)).status).toBe(400);
    const again = await suite.tokens(client);
    const refreshed = await other.token({ grant_type: 'refresh_token', refresh_token: again.refresh_token }, client);
    expect(refreshed).toMatchObject({ scope: 'read' });
  });
});
