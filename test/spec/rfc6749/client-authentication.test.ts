import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  type Answer,
  expectError,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const GOOD = { grant_type: 'client_credentials', scope: 'read' };
/** Every endpoint where applications authenticate, with a form that is in order there. */
const ENDPOINTS = [
  ['/oauth2/token', GOOD],
  ['/oauth2/introspect', { token: 'x' }],
  ['/oauth2/revoke', { token: 'x' }],
  ['/oauth2/device_authorization', { scope: 'read' }],
  ['/oauth2/par', { response_type: 'code', scope: 'read' }],
] as const;

const asBasic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe.each(STACKS)('client authentication, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  let other: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, grantTypes: [...FOR_USERS.grantTypes, 'client_credentials'] });
    other = await suite.server.register();
  });

  const post = (form: Record<string, string>, authorization?: string, path = '/oauth2/token'): Promise<Answer> =>
    suite.send(path, {
      method: 'POST',
      headers: authorization === undefined ? {} : { authorization },
      body: new URLSearchParams(form),
    });
  const inBody = ({ clientId, clientSecret }: TestClient) => ({ client_id: clientId, client_secret: clientSecret });

  /** 401 with a challenge, and one answer for all reasons. */
  function expectRefused(answer: Answer): void {
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 401,
      body: { error: 'invalid_client', error_description: 'client authentication failed' },
    });
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm="[^"]+"/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  }

  test('[AS-36 §2.3.1] Basic, or both values in the form', async () => {
    expect((await post(GOOD, basic(client))).status).toBe(200);
    expect((await post(GOOD, basic(client).replace('Basic', 'bAsIc'))).status).toBe(200);
    expect((await post({ ...GOOD, ...inBody(client) })).status).toBe(200);
    expect((await post({ ...GOOD, client_id: client.clientId }, basic(client))).status).toBe(200);
  });

  test.each(ENDPOINTS)('[AS-36 §2.3] at %s two methods in one request are invalid_request', async (path, form) => {
    expectError(await post({ ...form, ...inBody(client) }, basic(client), path), 400, 'invalid_request');
    expectError(
      await post({ ...form, client_secret: client.clientSecret }, basic(client), path),
      400,
      'invalid_request',
    );
    const assertion = { client_assertion_type: ASSERTION, client_assertion: 'a.b.c' };
    expectError(await post({ ...form, ...assertion }, basic(client), path), 400, 'invalid_request');
    expectError(await post({ ...form, ...assertion, ...inBody(client) }, undefined, path), 400, 'invalid_request');
    expectError(await post({ ...form, client_id: other.clientId }, basic(client), path), 400, 'invalid_request');
  });

  test.each(ENDPOINTS)(
    '[AS-36 §5.2] at %s a failure is 401 with a challenge, whatever the reason',
    async (path, form) => {
      const count = suite.events.length;
      const wrong = { ...client, clientSecret: 'wrong' };
      for (const answer of [
        await post(form, basic(wrong), path),
        await post(form, basic({ ...client, clientSecret: other.clientSecret }), path),
        await post(form, basic({ ...client, clientSecret: client.clientSecret.slice(0, -1) }), path),
        await post(form, basic({ ...client, clientSecret: `${client.clientSecret}x` }), path),
        await post(form, basic({ clientId: 'nobody', clientSecret: client.clientSecret }), path),
        await post({ ...form, ...inBody(wrong) }, undefined, path),
        await post({ ...form, client_id: client.clientId }, undefined, path),
        await post({ ...form, client_id: 'nobody' }, undefined, path),
      ]) {
        expectRefused(answer);
      }
      const events = suite.eventsSince(count, 'client.refused');
      expect(events).toHaveLength(8);
      expect(events).toContainEqual({
        clientId: 'nobody',
        address: 'ip:127.0.0.1',
        endpoint: expect.stringMatching(/^(token|introspection|revocation|device_authorization|pushed_\w+)$/),
      });
      expect(JSON.stringify(events)).not.toMatch(/secret|wrong/);
    },
  );

  test('[AS-36 §2.3.1] identifier and secret are form-decoded within Basic', async () => {
    const odd = await suite.server.register({ clientId: 'a:b c+d%41&=', name: 'Odd' });
    expect((await post(GOOD, basic(odd))).status).toBe(200);
    const plus = encodeURIComponent(odd.clientId).replaceAll('%20', '+');
    expect((await post(GOOD, asBasic(`${plus}:${odd.clientSecret}`))).status).toBe(200);
    const escaped = [...odd.clientSecret].map((one) => `%${one.charCodeAt(0).toString(16)}`).join('');
    expect((await post(GOOD, asBasic(`${plus}:${escaped}`))).status).toBe(200);
    const raw = await post(GOOD, asBasic(`${odd.clientId}:${odd.clientSecret}`));
    expect([400, 401]).toContain(raw.status);
  });

  test.each([
    'Basic',
    'Basic ',
    'Basic !!!',
    'Basic YQ==',
    'Basic %',
    'Basic Og==',
    asBasic(':'),
    asBasic('%zz:%zz'),
    asBasic('a%00b:c'),
    asBasic('a\0b:c'),
    asBasic('%ff:%ff'),
    asBasic(`${'x'.repeat(5000)}:y`),
    `${asBasic('a:b')} ${asBasic('a:b')}`,
    'Bearer abc',
    'Digest username="a"',
    'nonsense',
  ])('[AS-36 §5.2] Authorization: %s is refused in the words of the RFC', async (authorization) => {
    const answer = await post(GOOD, authorization);
    expect([400, 401]).toContain(answer.status);
    expect(['invalid_request', 'invalid_client']).toContain(answer.body.error);
    if (answer.status === 401) expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /);
  });

  test('[§2.3] a public application says who it is; a secret is not taken from it', async () => {
    const open = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    const { refresh_token } = await suite.tokens(open);
    expect((await suite.refresh(open, refresh_token)).status).toBe(200);
    const form = { grant_type: 'refresh_token', refresh_token };
    const answer = await post({ ...form, client_id: open.clientId, client_secret: 'x' });
    expectRefused(answer);
  });

  test('[AS-36 §2.3.1] what is stored of a secret is not the secret', async () => {
    const stored = await suite.server.oauth2.models.Application.query().findOne('client_id', client.clientId);
    for (const form of ['hex', 'base64', 'base64url'] as const) {
      const clientSecret = stored?.clientSecretHash?.toString(form) ?? '';
      expectRefused(await post(GOOD, basic({ ...client, clientSecret })));
    }
  });

  test('[AS-36] a disabled application, and a replaced secret, are refused at once', async () => {
    const leaving = await suite.server.register();
    expect((await post(GOOD, basic(leaving))).status).toBe(200);
    const clientSecret = (await suite.server.oauth2.applications.rotateSecret(leaving.clientId)) as string;
    expectRefused(await post(GOOD, basic(leaving)));
    expect((await post(GOOD, basic({ ...leaving, clientSecret }))).status).toBe(200);
    await suite.server.oauth2.applications.disable(leaving.clientId);
    expectRefused(await post(GOOD, basic({ ...leaving, clientSecret })));
  });

  describe('by private_key_jwt (RFC 7523)', () => {
    let keyed: TestClient;
    let privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
    beforeAll(async () => {
      const pair = await generateKeyPair('ES256');
      privateKey = pair.privateKey;
      const jwk = { ...(await exportJWK(pair.publicKey)), alg: 'ES256', use: 'sig' };
      keyed = await suite.server.register({ jwks: { keys: [jwk] } as never });
    });

    const claims = (changes: JWTPayload = {}): JWTPayload => {
      const now = Math.floor(Date.now() / 1000);
      const { clientId } = keyed;
      const all = {
        iss: clientId,
        sub: clientId,
        aud: suite.url,
        jti: randomUUID(),
        iat: now,
        exp: now + 60,
        ...changes,
      };
      return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    };
    const sign = (payload: JWTPayload, key = privateKey) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'ES256' }).sign(key);
    const send = (assertion: string, extra = {}) =>
      post({ ...GOOD, client_assertion_type: ASSERTION, client_assertion: assertion, ...extra });

    test('[AS-36 RFC 7523 §3] an assertion authenticates, once', async () => {
      const assertion = await sign(claims());
      expect((await send(assertion)).status).toBe(200);
      expectRefused(await send(assertion));
      expect((await send(await sign(claims()), { client_id: keyed.clientId })).status).toBe(200);
    });

    test.each([
      ['another audience', { aud: 'https://other.example.com' }],
      ['another issuer', { iss: 'nobody' }],
      ['another subject', { sub: 'nobody' }],
      ['no end', { exp: undefined }],
      ['an end in the past', { exp: Math.floor(Date.now() / 1000) - 60 }],
      ['no identifier', { jti: undefined }],
      ['a beginning in the future', { nbf: Math.floor(Date.now() / 1000) + 600 }],
    ])('[AS-36 RFC 7523 §3] one with %s is refused', async (_name, changes) => {
      const answer = await send(await sign(claims(changes)));
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    });

    test('[AS-36 RFC 7523 §3] the audience is the issuer or the endpoint that was asked, exactly, and alone', async () => {
      const token = `${suite.url}/oauth2/token`;
      for (const aud of [suite.url, token, [suite.url], [token]]) {
        expect([aud, (await send(await sign(claims({ aud })))).status]).toEqual([aud, 200]);
      }
      const others = [
        `${suite.url}/`,
        `${token}/`,
        `${token}?a=b`,
        suite.url.toUpperCase(),
        'https://other.example.com',
      ];
      const lists = [[suite.url, 'https://other.example.com'], [suite.url, token], ['https://other.example.com'], []];
      for (const aud of [...others, ...lists]) {
        expect([aud, (await send(await sign(claims({ aud })))).status]).toEqual([aud, 401]);
      }
    });

    test('[AS-36 RFC 7523 §3] it lives five minutes at most, whatever it says of its beginning', async () => {
      const now = Math.floor(Date.now() / 1000);
      const status = async (changes: JWTPayload) => (await send(await sign(claims(changes)))).status;
      expect(await status({ iat: now, exp: now + 300 })).toBe(200);
      expect(await status({ iat: undefined, exp: now + 300 })).toBe(200);
      for (const changes of [
        { iat: now, exp: now + 600 },
        { iat: undefined, exp: now + 600 },
        { iat: undefined, exp: now + 86_400 * 365 },
        { iat: now - 3600, exp: now + 60 },
        { iat: now + 120, exp: now + 180 },
        { iat: 'now' as never },
        { exp: 1e300 },
      ]) {
        expect([changes, await status(changes)]).toEqual([changes, 401]);
      }
    });

    test('[AS-36 RFC 7523 §3] one with another key, without signature, or signed with a shared value is refused', async () => {
      const { privateKey: stranger } = await generateKeyPair('ES256');
      const shared = new TextEncoder().encode('checked by the application'.padEnd(32, '.'));
      for (const assertion of [
        await sign(claims(), stranger),
        new UnsecuredJWT(claims()).encode(),
        await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(shared),
        `${(await sign(claims())).split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`,
      ]) {
        expectRefused(await send(assertion));
      }
    });

    test('[AS-36 RFC 7521 §4.2] what is no assertion is refused', async () => {
      for (const assertion of ['nonsense', 'a.b.c', '..', 'e30.e30.', `${'x'.repeat(8000)}`]) {
        const answer = await send(assertion);
        expect([assertion, [400, 401].includes(answer.status)]).toEqual([assertion, true]);
        expect(['invalid_request', 'invalid_client']).toContain(answer.body.error);
      }
      const assertion = await sign(claims());
      expect((await post({ ...GOOD, client_assertion: assertion })).status).toBeGreaterThanOrEqual(400);
      expect((await send(await sign(claims()), { client_assertion_type: 'nonsense' })).status).toBe(400);
    });

    test('[AS-36 §2.3] an application with keys has no other method', async () => {
      expectRefused(await post(GOOD, basic({ ...keyed, clientSecret: 'x' })));
      expectRefused(await post({ ...GOOD, client_id: keyed.clientId }));
      expectRefused(await send(await sign(claims({ iss: client.clientId, sub: client.clientId }))));
    });
  });
});
