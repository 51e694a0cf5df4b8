import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { resultOf, runCli } from '../../support/cli/run-cli.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { DEVICE_CODE, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

@JsonController('/guarded')
class Guarded {
  @Authorized('read')
  @Get()
  get() {
    return {};
  }
}

const JWT_API = 'https://jwt.example';
const OPAQUE_API = 'https://opaque.example';

/** As `docs/tokens.md` gives it to secret scanners. */
const PATTERN = /^rco_[A-Za-z0-9_-]{51}$/;

describe.each(STACKS)('where opaque tokens are issued, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    controllers: [Guarded],
    options: {
      resources: { [JWT_API]: { scopes: ['read'], accessTokens: 'jwt' }, [OPAQUE_API]: { scopes: ['read'] } },
    },
  });
  let client: TestClient;
  let machine: TestClient;
  /** A guard in a process without the authorization server and its keys. */
  let elsewhere: OAuth2;
  let guard: Served;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
    machine = await suite.server.register();
    elsewhere = createOAuth2({ database: suite.server.databaseUrl, logger: silentLogger });
    await elsewhere.ready();
    guard = await serve(elsewhere.createKoaServer({ controllers: [Guarded] }));
  });
  afterAll(async () => {
    await guard?.close();
    await elsewhere?.close();
  });

  async function expectGood(token: unknown): Promise<void> {
    expect(token).toMatch(PATTERN);
    const headers = bearerHeader(String(token));
    const [here, there] = [await fetch(`${suite.url}/guarded`, { headers }), await guard.get('/guarded', { headers })];
    expect([here.status, there.status]).toEqual([200, 200]);
  }

  test('[RS-71] with a code, and at each refresh: access and refresh tokens', async () => {
    const first = await suite.tokens(client, { scope: 'read' });
    await expectGood(first.access_token);
    expect(first.refresh_token).toMatch(PATTERN);
    const next = await suite.refresh(client, first.refresh_token);
    await expectGood(next.body.access_token);
    expect(next.body.refresh_token).toMatch(PATTERN);
    // A client that lost the answer gets the same successor.
    const again = await suite.refresh(client, first.refresh_token);
    expect([again.status, again.body.refresh_token]).toEqual([200, next.body.refresh_token]);
    expect((await suite.refresh(client, String(next.body.refresh_token))).status).toBe(200);
  });

  test('[RS-71] for an application alone, by the fast path and by oidc-provider', async () => {
    await expectGood(await suite.ownToken(machine));
    // A resource is left to oidc-provider.
    expect(await suite.ownToken(machine, 'read', { resource: OPAQUE_API })).toMatch(PATTERN);
  });

  test('[RS-71] for a device', async () => {
    const { body } = await suite.post('/oauth2/device_authorization', { scope: 'read' }, client);
    const agent = suite.agent();
    let visit = await agent.get('/oauth2/device');
    visit = await agent.submit(visit, { user_code: String(body.user_code) });
    visit = await agent.submit(visit, { confirm: 'yes' });
    visit = await agent.submit(visit, { username: 'alice', password: 'ecila' });
    if (visit.body.includes('name="decision"')) await agent.submit(visit, { decision: 'allow' });
    const answer = await suite.token({ grant_type: DEVICE_CODE, device_code: String(body.device_code) }, client);
    expect([answer.status, answer.body.access_token, answer.body.refresh_token]).toEqual([
      200,
      expect.stringMatching(PATTERN),
      expect.stringMatching(PATTERN),
    ]);
  });

  test('[RS-71] by the token service, in each process', async () => {
    for (const { tokens } of [suite.server.oauth2, elsewhere]) {
      await expectGood(
        (await tokens.issue({ application: client.clientId, scope: 'read', user: 'alice' })).access_token,
      );
    }
  });

  test('[RS-71] on the command line', async () => {
    const args = ['tokens', 'issue', '--client', client.clientId, '--scope', 'read', '--json'];
    const issued = await runCli(args, { env: { DATABASE_URL: suite.server.databaseUrl } });
    await expectGood((resultOf(issued) as { access_token: string }).access_token);
  });

  test('[RS-71] on the command line by the options of servers that have a prefix and keys of their own', async () => {
    const opaqueTokens = { prefix: 'acme_', checkKeys: [randomBytes(32).toString('base64url')] };
    const options = { database: suite.server.databaseUrl, opaqueTokens };
    const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-opaque-'));
    const file = join(folder, 'oauth2.mjs');
    await writeFile(file, `export const options = ${JSON.stringify(options)};`);
    const args = ['tokens', 'issue', '--client', client.clientId, '--scope', 'read', '--json'];
    const { access_token: token } = resultOf(await runCli([...args, '--config', file])) as { access_token: string };
    expect(token).toMatch(/^acme_[\w-]{51}$/);
    const own = createOAuth2({ ...options, logger: silentLogger });
    expect(await own.tokens.verify(token)).toMatchObject({ clientId: client.clientId });
    await own.close();
    await rm(folder, { recursive: true });
  });

  test('[RS-71] a JWT is none, and has an identifier without a prefix', async () => {
    const token = await suite.ownToken(machine, 'read', { resource: JWT_API });
    const [, payload = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { readonly jti: string };
    expect(claims.jti).toMatch(/^[\w-]{43}$/);
    expect(await suite.isActive(machine, token)).toBe(true);
  });
});
