import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { authorization, authorize, REDIRECT_URI, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { expectError, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { targetOf, type Visit } from '../../support/user-agent.js';

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
interface Parts {
  readonly header?: Readonly<Record<string, unknown>>;
  /** Members that are `undefined` are left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: Key | Uint8Array;
}

describe.each(STACKS)('signed request objects, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { requestObjects: true } });
  let client: TestClient;
  let privateKey: Key;
  beforeAll(async () => {
    const pair = await generateKeyPair('ES256');
    privateKey = pair.privateKey;
    const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)) }] };
    client = await suite.server.register({ ...FOR_USERS, jwks });
  });

  const now = () => Math.floor(suite.clock.nowMilliseconds() / 1000);
  /** A request with its parameters in a request object, and the verifier that belongs to it. */
  async function signed({ header, claims, key = privateKey }: Parts = {}, by = client) {
    const { query, verifier } = authorization(by);
    const all = {
      ...Object.fromEntries(query),
      ...{ iss: by.clientId, aud: suite.url, exp: now() + 300, nbf: now(), iat: now(), jti: randomUUID() },
      ...claims,
    };
    const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const request = await new SignJWT(present)
      .setProtectedHeader({ alg: 'ES256', typ: 'oauth-authz-req+jwt', ...header })
      .sign(key);
    return { request, verifier };
  }
  const query = (request: string, more: Readonly<Record<string, string>> = {}) =>
    new URLSearchParams({ client_id: client.clientId, request, ...more });
  async function assertion(): Promise<Record<string, string>> {
    const jwt = new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(client.clientId)
      .setSubject(client.clientId)
      .setAudience(suite.url)
      .setIssuedAt(now())
      .setExpirationTime(now() + 60);
    return { client_assertion_type: ASSERTION, client_assertion: await jwt.sign(privateKey) };
  }

  test('[AS-73 §4] what is signed holds, and parameters beside it change nothing', async () => {
    const { request, verifier } = await signed();
    const more = { scope: 'read write', redirect_uri: 'https://evil.example/', state: 'other', prompt: 'none' };
    const response = await authorize(suite.agent(), { verifier, query: query(request, more) });
    expect(responseOf(response).get('state')).toBe('a state');
    const code = responseOf(response).get('code') ?? '';
    const answer = await suite.exchange(client, { code, verifier }, await assertion());
    expect([answer.status, answer.body.scope]).toEqual([200, 'read']);
  });

  test('[AS-73 §4] it can be pushed as well', async () => {
    const { request, verifier } = await signed();
    const pushed = await suite.post('/oauth2/par', { request, ...(await assertion()) });
    expect(pushed.status).toBe(201);
    const reference = new URLSearchParams({ client_id: client.clientId, request_uri: String(pushed.body.request_uri) });
    const code = responseOf(await authorize(suite.agent(), { verifier, query: reference })).get('code') ?? '';
    expect((await suite.exchange(client, { code, verifier }, await assertion())).status).toBe(200);
  });

  test('[AS-73 §4] devices send none: beside it parameters that nobody has signed would count, so it is refused by name', async () => {
    const { request } = await signed();
    const unsigned: readonly Readonly<Record<string, string>>[] = [{}, { scope: 'read write' }];
    for (const more of unsigned) {
      const asked = await suite.post('/oauth2/device_authorization', { request, ...more, ...(await assertion()) });
      expectError(asked, 400, 'request_not_supported');
    }
    const plain = await suite.post('/oauth2/device_authorization', { scope: 'read', ...(await assertion()) });
    expect([plain.status, plain.body.user_code]).toEqual([200, expect.any(String)]);
  });

  /** On a page, or at the one address that is registered: never at another, and without a login page. */
  function expectRefused(visit: Visit): void {
    expect(visit.body).not.toContain('name="password"');
    if (visit.status === 400) {
      expect(visit.body).toMatch(/invalid_re(?:quest|direct_uri)/);
      return;
    }
    const target = targetOf(visit);
    expect([`${target.origin}${target.pathname}`, target.searchParams.get('code')]).toEqual([REDIRECT_URI, null]);
    expect(target.searchParams.get('error')).toMatch(/^invalid_request/);
  }

  const WRONG: readonly (readonly [string, () => Parts | Promise<Parts>])[] = [
    ['signed with another key', async () => ({ key: (await generateKeyPair('ES256')).privateKey })],
    ['signed with a text', () => ({ header: { alg: 'HS256' }, key: new Uint8Array(32) })],
    ['for another server', () => ({ claims: { aud: 'https://other.example' } })],
    ['for no server', () => ({ claims: { aud: undefined } })],
    ['by another application', () => ({ claims: { iss: 'other' } })],
    ['by nobody', () => ({ claims: { iss: undefined } })],
    ['of another application', () => ({ claims: { client_id: 'other' } })],
    ['expired', () => ({ claims: { exp: now() - 60 } })],
    ['without an end', () => ({ claims: { exp: undefined } })],
    ['valid for a day', () => ({ claims: { exp: now() + 86_400 } })],
    ['not yet valid', () => ({ claims: { nbf: now() + 600 } })],
    ['a JWT of another type', () => ({ header: { typ: 'at+jwt' } })],
    ['a client assertion', () => ({ header: { typ: 'JWT' }, claims: { sub: client.clientId } })],
    ['a request in a request', () => ({ claims: { request: 'a.b.c' } })],
    ['one that leads elsewhere', () => ({ claims: { request_uri: 'https://evil.example/' } })],
  ];
  test.each(WRONG)('[AS-73 §6] %s: refused, and nobody is asked to sign in', async (_what, parts) => {
    const { request } = await signed({ ...(await parts()) });
    expectRefused(await suite.agent().get(`/oauth2/authorize?${query(request)}`));
    const elsewhere = query(request, { redirect_uri: 'https://evil.example/' });
    expectRefused(await suite.agent().get(`/oauth2/authorize?${elsewhere}`));
    const pushed = await suite.post('/oauth2/par', { request, ...(await assertion()) });
    expect([pushed.status, pushed.body.error]).toEqual([400, 'invalid_request_object']);
  });

  test.each(['a.b.c', 'x', '..', 'e30.e30.', `${'x'.repeat(8000)}`, 'eyJhbGciOiJub25lIn0.e30.'])(
    '[AS-73 §6] what is none (%#) is refused',
    async (request) => {
      expectRefused(await suite.agent().get(`/oauth2/authorize?${query(request)}`));
    },
  );

  test('[AS-73 §6] unsigned, it is refused, and so is one of an application without keys', async () => {
    const { request } = await signed();
    const [, payload] = request.split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    expectRefused(await suite.agent().get(`/oauth2/authorize?${query(none)}`));
    const other = await suite.server.register(FOR_USERS);
    const secret = new TextEncoder().encode(other.clientSecret);
    const { request: own } = await signed({ header: { alg: 'HS256' }, key: secret }, other);
    expectRefused(await suite.agent().get(`/oauth2/authorize?client_id=${other.clientId}&request=${own}`));
  });

  test('[AS-44 AS-73 §5] by reference none is fetched', async () => {
    const reference = new URLSearchParams({ client_id: client.clientId, request_uri: 'https://app.example.com/r.jwt' });
    const visit = await suite.agent().get(`/oauth2/authorize?${reference}`);
    expect(visit.status === 400 || /error=/.test(visit.headers.get('location') ?? '')).toBe(true);
    const pushed = await suite.post('/oauth2/par', { ...Object.fromEntries(reference), ...(await assertion()) });
    expectError(pushed, 400, 'request_uri_not_supported');
  });

  test('[AS-43 AS-73 §9] the metadata say what is supported', async () => {
    const { body } = await suite.send('/.well-known/oauth-authorization-server');
    expect([body.request_parameter_supported, body.request_uri_parameter_supported]).toEqual([true, false]);
    expect(body.request_object_signing_alg_values_supported).toEqual(
      expect.arrayContaining(['ES256', 'RS256', 'PS256', 'EdDSA']),
    );
    expect(JSON.stringify(body.request_object_signing_alg_values_supported)).not.toMatch(/none|HS/);
  });
});
