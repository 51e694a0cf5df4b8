import 'reflect-metadata';
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Authorized, CurrentUser, Get, JsonController } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import {
  Access,
  createOAuth2,
  databaseTokens,
  jwtTokens,
  type OAuth2,
  RequestAccess,
} from '../../../src/public/index.js';
import {
  basic,
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { type Served, serve } from '../../support/http.js';
import { freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import { expectError, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const API = 'https://api.example';
const NOTES = 'https://notes.example';
const BOUND_SECONDS = 5;

@JsonController('/guarded')
class Guarded {
  @Authorized('read')
  @Get()
  get(@Access() access: RequestAccess, @CurrentUser() user?: unknown) {
    return { principal: String(access.principal), user: user ?? null, clientId: access.token?.clientId };
  }
}

const ENCRYPTION_KEYS = [randomBytes(32)];
const RESOURCES = {
  [API]: { scopes: ['read', 'write'], accessTokens: 'jwt' },
  [NOTES]: { scopes: ['read'], accessTokens: 'jwt', accessTokenAlgorithm: 'ES256', accessTokenLifetimeSeconds: 60 },
} as const;
const OPTIONS = { encryptionKeys: ENCRYPTION_KEYS, resources: RESOURCES };

/** Without a hint the cache may answer; with one it is oidc-provider. */
const NO_HINT: Readonly<Record<string, string>> = {};
const REFRESH_HINT = { token_type_hint: 'refresh_token' };

describe.each(STACKS)('JWT access tokens of the authorization server, on %s', (name) => {
  const keyPrefix = freshKeyPrefix();
  const withRedis = name === 'MariaDB + Redis';
  const cache = { revocationBoundSeconds: BOUND_SECONDS };
  const shared = { resource: API, cache, ...(withRedis && { redis: redisUrl(), keyPrefix }) };
  const suite = useAuthorizationServer(name, { controllers: [Guarded], options: OPTIONS, oauth2: shared });
  let other: RunningAuthorizationServer;
  let client: TestClient;
  let machine: TestClient;
  beforeAll(async () => {
    other = await startAuthorizationServer('sqlite', {
      controllers: [Guarded],
      options: { ...OPTIONS, issuer: suite.url },
      oauth2: {
        ...shared,
        database: suite.server.databaseUrl,
        clock: suite.clock,
        throttling: { failedAuthentication: null },
      },
    });
    client = await suite.server.register(FOR_USERS);
    machine = await suite.server.register();
  });
  afterAll(async () => {
    await other?.close();
    if (withRedis) await removeKeys(redisUrl(), keyPrefix);
  });

  const own = (resource = API) => suite.ownToken(machine, 'read', { resource });
  const ofUser = (parameters: Record<string, string> = {}) => suite.tokens(client, { resource: API, ...parameters });
  const get = (token: string, url = suite.url) =>
    fetch(`${url}/guarded`, { headers: { authorization: `Bearer ${token}` } });
  const call = async (token: string, url?: string) => (await get(token, url)).status;
  async function expectAlive(token: string): Promise<void> {
    for (const url of [suite.url, other.url]) expect([url, await call(token, url)]).toEqual([url, 200]);
  }
  async function expectDead(token: string): Promise<void> {
    expect(await call(token)).toBe(401);
    suite.clock.offsetSeconds += BOUND_SECONDS + 1;
    expect(await call(token, other.url)).toBe(401);
  }

  test('[RFC 9068 §2] have the type and the claims of the profile', async () => {
    const answer = await suite.exchange(client, await suite.code(client, { resource: API, scope: 'read' }));
    const { access_token: token, expires_in: seconds } = answer.body;
    expect(decodeProtectedHeader(String(token))).toMatchObject({
      typ: 'at+jwt',
      alg: 'RS256',
      kid: expect.any(String),
    });
    const claims = decodeJwt(String(token));
    expect(claims).toMatchObject({
      iss: suite.url,
      aud: API,
      sub: 'alice',
      client_id: client.clientId,
      scope: 'read',
      jti: expect.any(String),
      auth_time: expect.any(Number),
    });
    expect([seconds, (claims.exp ?? 0) - (claims.iat ?? 0)]).toEqual([300, 300]);
  });

  test('[RFC 9068 §2.2] of an application alone name it as their subject', async () => {
    expect(decodeJwt(await own())).toMatchObject({ sub: machine.clientId, client_id: machine.clientId, aud: API });
  });

  test('live as long, and are signed, as the resource says', async () => {
    const token = await own(NOTES);
    const { exp = 0, iat = 0 } = decodeJwt(token);
    expect([decodeProtectedHeader(token).alg, exp - iat]).toEqual(['ES256', 60]);
    const hasty = await suite.server.register({ accessTokenLifetimeSeconds: 30 });
    const short = decodeJwt(await suite.ownToken(hasty, 'read', { resource: API }));
    expect((short.exp ?? 0) - (short.iat ?? 0)).toBe(30);
  });

  test('a request that names no resource gets an opaque token', async () => {
    expect(await suite.ownToken(machine)).not.toContain('.');
  });

  test('[RS-12 §5] the guards here accept them, for the host’s own user', async () => {
    const { access_token } = await ofUser();
    await expectAlive(access_token);
    expect(await (await get(access_token)).json()).toEqual({
      principal: 'user:alice',
      user: { id: 'alice', active: true },
      clientId: client.clientId,
    });
    expect(await (await get(await own())).json()).toMatchObject({
      principal: `client:${machine.clientId}`,
      user: null,
    });
  });

  test('[RS-9 §4] but not those for another resource', async () => {
    expect(await call(await own(NOTES))).toBe(401);
  });

  test('[RS-10 §3.1] a token that says the same and was not issued is refused', async () => {
    const token = await own();
    const [header, payload, signature] = token.split('.');
    const { privateKey } = await generateKeyPair('RS256');
    const forged = await new SignJWT(decodeJwt(token))
      .setProtectedHeader({ ...decodeProtectedHeader(token), alg: 'RS256' })
      .sign(privateKey);
    for (const one of [
      forged,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature}A`,
      `${header}..${signature}`,
    ])
      expect(await call(one)).toBe(401);
    expect(await call(token)).toBe(200);
  });

  test('[RS-11 §4] end with exp', async () => {
    const token = await own();
    await expectAlive(token);
    suite.clock.offsetSeconds += 301;
    for (const url of [suite.url, other.url]) expect(await call(token, url)).toBe(401);
    expect((await suite.introspect(machine, token)).body).toEqual({ active: false });
  });

  test('[RFC 7662 §2.2] are introspected as any other, by whoever may', async () => {
    const { access_token } = await ofUser({ scope: 'read' });
    const reader = await suite.server.register({ mayIntrospect: true });
    const expected = {
      active: true,
      sub: 'alice',
      client_id: client.clientId,
      iss: suite.url,
      aud: API,
      scope: 'read',
    };
    for (const by of [client, reader]) {
      for (const hint of [NO_HINT, { token_type_hint: 'access_token' }, REFRESH_HINT]) {
        const { status, body } = await suite.introspect(by, access_token, hint);
        expect([status, body]).toMatchObject([200, { ...expected, token_type: 'Bearer' }]);
        expect(JSON.stringify(body)).not.toContain(access_token);
      }
    }
    const stranger = await suite.server.register();
    expect((await suite.introspect(stranger, access_token)).body).toEqual({ active: false });
    const forNotes = await own(NOTES);
    expect((await suite.introspect(machine, forNotes)).body).toMatchObject({ active: true, aud: NOTES });
    const { body } = await suite.introspect(reader, forNotes);
    expect([body.active, body.sub]).toEqual([true, undefined]);
  });

  test('[AS-31 §6] are issued at every refresh, and die when a refresh token is used twice', async () => {
    const first = await ofUser();
    const second = await suite.refresh(client, first.refresh_token);
    const next = String(second.body.access_token);
    expect([decodeJwt(next).aud, decodeJwt(next).sub]).toEqual([API, 'alice']);
    await expectAlive(next);
    suite.clock.offsetSeconds += 60;
    expectError(await suite.refresh(client, first.refresh_token), 400, 'invalid_grant');
    await expectDead(next);
  });

  test('[RFC 9068 §3] are for their resource, not for the userinfo endpoint', async () => {
    const { access_token } = await ofUser();
    const answer = await suite.send('/oauth2/userinfo', { headers: { authorization: `Bearer ${access_token}` } });
    expect(answer.status).toBe(403);
  });

  test('[RFC 7662 §2.2, RFC 7009 §2.2] a JWT that is not known here is inactive, and its revocation no error', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const forged = await new SignJWT(decodeJwt(await own())).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
    for (const token of [forged, 'eyJhbGciOiJub25lIn0.e30.', 'a.b.c', '...']) {
      for (const hint of [NO_HINT, REFRESH_HINT]) {
        const introspected = await suite.introspect(machine, token, hint);
        expect([token, introspected.status, introspected.body]).toEqual([token, 200, { active: false }]);
        expect([token, (await suite.revoke(machine, token, hint)).status]).toEqual([token, 200]);
      }
    }
  });

  test('[RS-16 RFC 7009 §2.1] revoked at the endpoint they die everywhere', async () => {
    const token = await own();
    await expectAlive(token);
    const before = suite.events.length;
    expect((await suite.revoke(machine, token)).status).toBe(200);
    expect(suite.eventsSince(before, 'token.revoked')).toMatchObject([
      { clientId: machine.clientId, token: 'access_token' },
    ]);
    await expectDead(token);
    expect((await suite.introspect(machine, token)).body).toEqual({ active: false });
  });

  test('[RFC 7009 §2.1] nobody else’s application can revoke them', async () => {
    const token = await own();
    const stranger = await suite.server.register();
    expectError(await suite.revoke(stranger, token), 400, 'unauthorized_client');
    await expectAlive(token);
  });

  test('[RS-16] with their family, their user, their application they die everywhere', async () => {
    const family = await ofUser();
    await expectAlive(family.access_token);
    await suite.revoke(client, family.refresh_token);
    await expectDead(family.access_token);

    const { access_token: ofAlice } = await ofUser();
    await expectAlive(ofAlice);
    await suite.server.oauth2.tokens.revokeAllOf({ user: 'alice' });
    await expectDead(ofAlice);

    const one = await suite.server.register();
    const token = await suite.ownToken(one, 'read', { resource: API });
    await expectAlive(token);
    await suite.server.oauth2.applications.disable(one.clientId);
    await expectDead(token);
  });

  test('[RS-16] revoked by code of the host they die everywhere', async () => {
    const token = await own();
    await expectAlive(token);
    expect(await suite.server.oauth2.tokens.inspect(token)).toMatchObject({
      active: true,
      client_id: machine.clientId,
    });
    expect(await suite.server.oauth2.tokens.revoke(token)).toBe(true);
    expect(await suite.server.oauth2.tokens.revoke(token)).toBe(false);
    await expectDead(token);
  });

  test('[RS-17] of a user who was disabled they die', async () => {
    const { access_token } = await ofUser();
    await expectAlive(access_token);
    const alice = suite.server.users.get('alice');
    if (alice !== undefined) alice.active = false;
    await suite.server.oauth2.tokens.invalidate({ user: 'alice' });
    expect(await call(access_token)).toBe(401);
    if (alice !== undefined) alice.active = true;
    await suite.server.oauth2.tokens.invalidate({ user: 'alice' });
  });

  if (withRedis) {
    test('[RS-16 §2.1] a revocation holds though Redis forgets everything', async () => {
      const token = await own();
      await expectAlive(token);
      expect((await suite.revoke(machine, token)).status).toBe(200);
      await removeKeys(redisUrl(), keyPrefix);
      await expectDead(token);
      const redis = new Redis(redisUrl());
      const held = await redis.keys(`${keyPrefix}*`);
      redis.disconnect();
      expect(held.join(' ')).not.toContain(token);
    });
  }

  test('[AS-37] are stored as SHA-256 alone, and cleared when they have expired', async () => {
    const token = await own();
    const { AccessToken } = suite.server.oauth2.models;
    const row = await AccessToken.query().orderBy('id', 'desc').first();
    expect(row?.tokenHash).toEqual(createHash('sha256').update(token).digest());
    expect(JSON.stringify(row)).not.toContain(token.split('.')[2]);
    suite.clock.offsetSeconds += 86_400;
    await suite.server.oauth2.tokens.clearExpired({ pauseMilliseconds: 0 });
    expect(await AccessToken.query().findById(row?.id ?? 0)).toBeUndefined();
  });

  test('[RFC 9449 §6.1] bound to a key say so, and are no bearer tokens', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const proof = await new SignJWT({
      htm: 'POST',
      htu: `${suite.url}/oauth2/token`,
      jti: randomBytes(8).toString('hex'),
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt(Math.floor(Date.now() / 1000))
      .sign(privateKey);
    const answer = await suite.send('/oauth2/token', {
      method: 'POST',
      headers: { dpop: proof, authorization: basic(machine) },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read', resource: API }),
    });
    expect([answer.status, answer.body.token_type]).toEqual([200, 'DPoP']);
    const token = String(answer.body.access_token);
    expect(decodeJwt(token).cnf).toEqual({ jkt: await calculateJwkThumbprint(jwk) });
    expect(await call(token)).toBe(401);
  });

  describe('at another resource server', () => {
    let notes: OAuth2;
    let served: Served;
    beforeAll(async () => {
      notes = createOAuth2({
        database: 'sqlite::memory:',
        logger: silentLogger,
        clock: suite.clock,
        verifiers: [jwtTokens({ issuer: suite.url, audience: NOTES, allowHttpOnLoopback: true }), databaseTokens()],
      });
      await notes.migrate();
      const koa = notes.createKoaServer({ controllers: [Guarded] });
      koa.silent = true;
      served = await serve(koa);
    });
    afterAll(async () => {
      await served?.close();
      await notes?.close();
    });

    test('[RS-10 §4] are verified without asking, and act for a user of this issuer', async () => {
      const { access_token } = await suite.tokens(client, { resource: NOTES, scope: 'read' });
      expect(await (await get(access_token, served.url)).json()).toMatchObject({
        principal: `user@${suite.url}|alice`,
        clientId: client.clientId,
      });
      expect(await call(await own(), served.url)).toBe(401);
    });

    test('[RS-11 §4] a revocation does not reach it: they are good there until exp', async () => {
      const token = await own(NOTES);
      await suite.revoke(machine, token);
      expect(await call(token, served.url)).toBe(200);
      suite.clock.offsetSeconds += 61;
      expect(await call(token, served.url)).toBe(401);
    });
  });

  test('[RS-12 §5] guards in a process without the authorization server accept them by an option', async () => {
    const verifiers = [databaseTokens({ jwtIssuer: suite.url })];
    const options = { database: suite.server.databaseUrl, logger: silentLogger, clock: suite.clock, resource: API };
    const guards = createOAuth2({ ...options, verifiers });
    const without = createOAuth2(options);
    try {
      const token = await own();
      expect(await guards.tokens.verify(token)).toMatchObject({ clientId: machine.clientId, issuer: undefined });
      await expect(without.tokens.verify(token)).rejects.toThrow('The access token is invalid.');
    } finally {
      await guards.close();
      await without.close();
    }
  });
});
