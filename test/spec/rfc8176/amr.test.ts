import 'reflect-metadata';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { CurrentToken, type VerifiedToken } from '../../../src/public/index.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { call } from '../../support/spec/http.js';

@JsonController('/methods')
class Methods {
  @Authorized('read')
  @Get()
  get(@CurrentToken() token: VerifiedToken) {
    return { amr: token.amr ?? null };
  }
}

const API = 'https://jwt.example';

/** What the host says of the next sign-in. */
const used: { methods: unknown } = { methods: undefined };

describe.each(STACKS)('the methods of an authentication, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    controllers: [Methods],
    options: {
      amr: () => used.methods as readonly string[] | undefined,
      resources: { [API]: { scopes: ['read'], accessTokens: 'jwt' } },
    },
  });
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
  });

  const seen = async (token: string) => (await call(`${suite.url}/methods`, { token })).body;

  test('[AS-77 RFC 8176 §1] stand in opaque tokens, at guards and at introspection, and stay as they were at a refresh', async () => {
    used.methods = ['pwd', 'otp'];
    const first = await suite.tokens(client, { scope: 'read' });
    expect(await seen(first.access_token)).toEqual({ amr: ['pwd', 'otp'] });
    used.methods = ['pwd'];
    const { body } = await suite.refresh(client, first.refresh_token);
    const next = String(body.access_token);
    // From the cache, by oidc-provider, and by the token service.
    for (const hint of [{}, { token_type_hint: 'refresh_token' }] as Record<string, string>[]) {
      expect((await suite.introspect(client, next, hint)).body).toMatchObject({ active: true, amr: ['pwd', 'otp'] });
    }
    expect(await suite.server.oauth2.tokens.inspect(next)).toMatchObject({ amr: ['pwd', 'otp'] });
    expect(await seen(next)).toEqual({ amr: ['pwd', 'otp'] });
  });

  test('[AS-77 RFC 9068 §2.2.1] stand in JWT access tokens', async () => {
    used.methods = ['hwk', 'user'];
    const first = await suite.tokens(client, { scope: 'read', resource: API });
    expect(decodeJwt(first.access_token)).toMatchObject({ amr: ['hwk', 'user'] });
    const { body } = await suite.refresh(client, first.refresh_token);
    expect(decodeJwt(String(body.access_token))).toMatchObject({ amr: ['hwk', 'user'] });
    expect((await suite.introspect(client, String(body.access_token))).body).toMatchObject({ amr: ['hwk', 'user'] });
  });

  test.each([undefined, []])('[AS-77] are not said if the host says none: %p', async (methods) => {
    used.methods = methods;
    const { access_token: token } = await suite.tokens(client, { scope: 'read' });
    expect(await seen(token)).toEqual({ amr: null });
    expect((await suite.introspect(client, token)).body).not.toHaveProperty('amr');
  });

  test('[AS-77] a sign-in of which the host says nonsense fails, and the log says why', async () => {
    for (const methods of ['pwd', ['a b'], [7], {}]) {
      used.methods = methods;
      await expect(suite.tokens(client, { scope: 'read' })).rejects.toThrow();
    }
    expect(suite.log.splice(0).join()).toContain('amr answered with something else');
  });

  test('[AS-77] another sign-in in the same browser replaces those of the one before', async () => {
    const agent = suite.agent();
    used.methods = ['pwd', 'otp'];
    expect(await seen((await suite.tokens(client, { scope: 'read' }, { agent })).access_token)).toEqual({
      amr: ['pwd', 'otp'],
    });
    used.methods = undefined;
    const again = await suite.tokens(client, { scope: 'read', prompt: 'login' }, { agent });
    expect(await seen(again.access_token)).toEqual({ amr: null });
  });
});
