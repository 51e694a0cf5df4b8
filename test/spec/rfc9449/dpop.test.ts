import { createHash, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  type Answer,
  expectError,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';

interface Key {
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  readonly jwk: JWK;
}

async function newKey(alg = 'ES256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: await exportJWK(publicKey) };
}

describe.each(STACKS)('DPoP at the token endpoint, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let machine: TestClient;
  let open: TestClient;
  let key: Key;
  beforeAll(async () => {
    machine = await suite.server.register();
    open = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    key = await newKey();
  });

  function proof({
    header = {},
    claims = {},
    by = key,
  }: {
    header?: Partial<JWTHeaderParameters>;
    claims?: object;
    by?: Key;
  } = {}): Promise<string> {
    const all = { htm: 'POST', htu: `${suite.url}/oauth2/token`, jti: randomUUID(), iat: now(), ...claims };
    return new SignJWT(defined(all))
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: by.jwk, ...header } as JWTHeaderParameters)
      .sign(by.privateKey);
  }
  const now = () => Math.floor(Date.now() / 1000);
  const defined = (claims: object) =>
    Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)) as Record<string, unknown>;
  const ask = (dpop: string, form: Record<string, string> = {}, client = machine): Promise<Answer> =>
    suite.send('/oauth2/token', {
      method: 'POST',
      headers: { dpop, ...(client.clientSecret !== '' && { authorization: basic(client) }) },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'read',
        ...(client.clientSecret === '' && { client_id: client.clientId }),
        ...form,
      }),
    });

  test('[RFC 9449 §5, §6.2] binds the token to the key', async () => {
    const answer = await ask(await proof());
    expect([answer.status, answer.body.token_type]).toEqual([200, 'DPoP']);
    const inspected = await suite.introspect(machine, String(answer.body.access_token));
    expect(inspected.body).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: await calculateJwkThumbprint(key.jwk) },
    });
  });

  test('[RFC 9449 §11.1] a proof can be used once', async () => {
    const once = await proof();
    expect((await ask(once)).status).toBe(200);
    const again = await ask(once);
    expect([again.status, again.body.error]).toEqual([400, 'invalid_dpop_proof']);
  });

  test('[RFC 9449 §11.1] of twenty requests with one proof at the same moment exactly one succeeds', async () => {
    const once = await proof();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(once)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(19);
  });

  /** A code with all that its exchange needs but the proof. */
  async function codeForm(): Promise<Record<string, string>> {
    const { code, verifier } = await suite.code(open);
    const redirectUri = FOR_USERS.redirectUris[0] as string;
    return { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri };
  }

  test('[RFC 9449 §11.1] what comes with a proof that was used before is not spent, and nothing is revoked', async () => {
    const once = await proof();
    const first = await ask(once, await codeForm(), open);
    expect(first.status).toBe(200);
    const refresh = { grant_type: 'refresh_token', refresh_token: String(first.body.refresh_token) };
    for (const form of [await codeForm(), refresh]) {
      expect((await ask(once, form, open)).status).toBe(400);
      expect((await ask(await proof(), form, open)).status).toBe(200);
    }
  });

  test('[RFC 9449 §5, §11.1] a proof that was used before is refused as a proof, not as a grant', async () => {
    const ofMachine = await proof();
    await ask(ofMachine);
    const ofUser = await proof();
    const tokens = await ask(ofUser, await codeForm(), open);
    const refresh = { grant_type: 'refresh_token', refresh_token: String(tokens.body.refresh_token) };
    for (const again of [
      await ask(ofMachine),
      await ask(ofUser, await codeForm(), open),
      await ask(ofUser, refresh, open),
    ]) {
      expectError(again, 400, 'invalid_dpop_proof');
    }
  });

  test('[RFC 9449 §11.1] a proof dated ahead can be used once, also after what has expired was cleared', async () => {
    const ahead = await proof({ claims: { iat: now() + 290 } });
    expect((await ask(ahead)).status).toBe(200);
    suite.clock.offsetSeconds = 310;
    try {
      await suite.server.oauth2.tokens.clearExpired();
      expect((await ask(ahead)).status).toBe(400);
    } finally {
      suite.clock.offsetSeconds = 0;
    }
  });

  test('[AS-31 RFC 9449 §5] within the grace window, what is bound to a key is repeated for that key only', async () => {
    const first = await ask(await proof(), await codeForm(), open);
    const form = { grant_type: 'refresh_token', refresh_token: String(first.body.refresh_token) };
    const second = await ask(await proof(), form, open);
    expect(second.status).toBe(200);
    const other = await newKey();
    expectError(await ask(await proof({ by: other }), form, open), 400, 'invalid_grant');
    expectError(await suite.token(form, open), 400, 'invalid_grant');
    // Neither try has hurt whoever has the key.
    const again = await ask(await proof(), form, open);
    expect([again.status, again.body.token_type, again.body.refresh_token]).toEqual([
      200,
      'DPoP',
      second.body.refresh_token,
    ]);
    const successor = { grant_type: 'refresh_token', refresh_token: String(second.body.refresh_token) };
    expectError(await ask(await proof({ by: other }), successor, open), 400, 'invalid_grant');
    expect((await ask(await proof(), successor, open)).status).toBe(200);
  });

  test.each([
    ['another method', { htm: 'GET' }],
    ['no method', { htm: undefined }],
    ['another endpoint', { htu: 'https://other.example.com/oauth2/token' }],
    ['no endpoint', { htu: undefined }],
    ['no time', { iat: undefined }],
    ['a time long past', { iat: now() - 3600 }],
    ['a time far ahead', { iat: now() + 3600 }],
    ['no identifier', { jti: undefined }],
    ['an unknown nonce', { nonce: 'nonsense' }],
  ])('[RFC 9449 §4.3] with %s it is refused', async (_name, claims) => {
    const answer = await ask(await proof({ claims }));
    expect([answer.status, ['invalid_dpop_proof', 'use_dpop_nonce'].includes(String(answer.body.error))]).toEqual([
      400,
      true,
    ]);
  });

  test('[RFC 9449 §4.3] with another type, a symmetric or no algorithm, a private or a wrong key it is refused', async () => {
    const other = await newKey();
    const claims = { htm: 'POST', htu: `${suite.url}/oauth2/token`, jti: randomUUID(), iat: now() };
    const shared = new TextEncoder().encode('a shared value of thirty-two bytes');
    const symmetric = new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk: { kty: 'oct', k: 'YQ' } } as JWTHeaderParameters)
      .sign(shared);
    for (const wrong of [
      await proof({ header: { typ: 'JWT' } }),
      await proof({ header: { jwk: other.jwk } }),
      await proof({ header: { jwk: await exportJWK(key.privateKey) } }),
      await proof({ header: { jwk: undefined } }),
      await symmetric,
      new UnsecuredJWT(claims).encode(),
      'nonsense',
      'a.b.c',
    ]) {
      const answer = await ask(wrong);
      expect([wrong, answer.status, answer.body.error]).toEqual([wrong, 400, 'invalid_dpop_proof']);
    }
  });

  test('[RFC 9449 §4.3] two proofs in one request are refused', async () => {
    const answer = await ask(`${await proof()}, ${await proof()}`);
    expectError(answer, 400, 'invalid_dpop_proof');
  });

  test('[RFC 9449 §5] a refresh token of a public application is bound to the key', async () => {
    const code = await suite.code(open);
    const first = await ask(
      await proof(),
      {
        grant_type: 'authorization_code',
        code: code.code,
        code_verifier: code.verifier,
        redirect_uri: FOR_USERS.redirectUris[0] as string,
      },
      open,
    );
    expect([first.status, first.body.token_type]).toEqual([200, 'DPoP']);
    const form = { grant_type: 'refresh_token', refresh_token: String(first.body.refresh_token) };
    const other = await newKey();
    const stolen = await ask(await proof({ by: other }), form, open);
    expect([stolen.status, ['invalid_grant', 'invalid_dpop_proof'].includes(String(stolen.body.error))]).toEqual([
      400,
      true,
    ]);
    const without = await suite.refresh(open, form.refresh_token);
    expect([without.status, ['invalid_grant', 'invalid_dpop_proof'].includes(String(without.body.error))]).toEqual([
      400,
      true,
    ]);
    const next = await ask(await proof(), form, open);
    expect([next.status, next.body.token_type]).toEqual([200, 'DPoP']);
  });

  test('[RFC 9449 §7.1] at userinfo the token needs a proof for it, and is no bearer token', async () => {
    const code = await suite.code(open, { scope: 'openid read' });
    const form = {
      grant_type: 'authorization_code',
      code: code.code,
      code_verifier: code.verifier,
      redirect_uri: FOR_USERS.redirectUris[0] as string,
    };
    const token = String((await ask(await proof(), form, open)).body.access_token);
    const ath = createHash('sha256').update(token).digest('base64url');
    const here = { htm: 'GET', htu: `${suite.url}/oauth2/userinfo` };
    const call = (scheme: string, dpop?: string) =>
      suite.send('/oauth2/userinfo', {
        headers: { authorization: `${scheme} ${token}`, ...(dpop !== undefined && { dpop }) },
      });
    expect((await call('DPoP', await proof({ claims: { ...here, ath } }))).body).toMatchObject({ sub: 'alice' });
    for (const answer of [
      await call('Bearer'),
      await call('DPoP'),
      await call('DPoP', await proof({ claims: here })),
      await call('DPoP', await proof({ claims: { ...here, ath: 'nonsense' } })),
      await call('DPoP', await proof({ claims: { ...here, ath }, by: await newKey() })),
    ]) {
      expect([400, 401]).toContain(answer.status);
      expect(answer.body).not.toHaveProperty('sub');
    }
  });
});
