import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import {
  basic,
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../../support/authorization-server.js';

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const FORM = { grant_type: 'client_credentials', scope: 'read' };

describe.each(['sqlite', 'mariadb'] as const)('client authentication (%s)', (kind) => {
  let server: RunningAuthorizationServer;
  let client: TestClient;
  const refused: unknown[] = [];
  beforeAll(async () => {
    server = await startAuthorizationServer(kind);
    client = await server.register();
    server.oauth2.events.on('client.refused', (event) => refused.push(event));
  });
  afterAll(() => server.close());

  const post = (form: Record<string, string>, authorization?: string) =>
    fetch(`${server.url}/oauth2/token`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(authorization !== undefined && { authorization }),
      },
      body: new URLSearchParams(form),
    });

  test('[AS-36 §2.3.1] is by Basic or in the body, one of them', async () => {
    const inBody = { client_id: client.clientId, client_secret: client.clientSecret };
    expect((await post(FORM, basic(client))).status).toBe(200);
    expect((await post({ ...FORM, ...inBody })).status).toBe(200);
    expect((await post({ ...FORM, client_id: client.clientId }, basic(client))).status).toBe(200);
    const both = await post({ ...FORM, ...inBody }, basic(client));
    expect([both.status, await both.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_request' })]);
    const other = await post({ ...FORM, client_id: 'other' }, basic(client));
    expect([other.status, await other.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_request' })]);
  });

  test('[AS-36 §2.3.1] reads what is in Basic as form-encoded', async () => {
    const odd = await server.register({ clientId: 'a:b c+d%41', name: 'Odd' });
    expect((await post(FORM, basic(odd))).status).toBe(200);
    const plus = `${odd.clientId}`.split(' ').map(encodeURIComponent).join('+');
    const written = Buffer.from(`${plus}:${odd.clientSecret}`).toString('base64');
    expect((await post(FORM, `Basic ${written}`)).status).toBe(200);
    const raw = Buffer.from(`${odd.clientId}:${odd.clientSecret}`).toString('base64');
    expect((await post(FORM, `Basic ${raw}`)).status).not.toBe(200);
  });

  test('[AS-36 §5.2] answers 401 with a challenge, alike for a wrong secret and an application that is not there', async () => {
    const answers = await Promise.all(
      [
        post(FORM, basic({ ...client, clientSecret: 'wrong' })),
        post(FORM, basic({ clientId: 'nobody', clientSecret: client.clientSecret })),
        post({ ...FORM, client_id: client.clientId, client_secret: 'wrong' }),
        post({ ...FORM, client_id: client.clientId }),
        post({ ...FORM, client_id: 'nobody' }),
      ].map(async (pending) => {
        const answer = await pending;
        return {
          status: answer.status,
          body: await answer.json(),
          scheme: answer.headers.get('www-authenticate')?.split(' ')[0],
        };
      }),
    );
    for (const answer of answers) {
      expect(answer).toEqual({
        status: 401,
        scheme: 'Basic',
        body: { error: 'invalid_client', error_description: 'client authentication failed' },
      });
    }
    expect(refused).toContainEqual({ clientId: 'nobody', address: 'ip:127.0.0.1', endpoint: 'token' });
    expect(JSON.stringify(refused)).not.toContain(client.clientSecret);
  });

  test('does not take what is stored of a secret for the secret', async () => {
    const stored = await server.oauth2.models.Application.query().findOne('client_id', client.clientId);
    for (const form of ['hex', 'base64', 'base64url'] as const) {
      const clientSecret = stored?.clientSecretHash?.toString(form) ?? '';
      expect((await post(FORM, basic({ ...client, clientSecret }))).status).toBe(401);
    }
    expect((await post(FORM, basic({ ...client, clientSecret: 'checked by the application' }))).status).toBe(401);
  });

  test('refuses an application that is disabled, at once', async () => {
    const disabled = await server.register();
    expect((await post(FORM, basic(disabled))).status).toBe(200);
    await server.oauth2.applications.disable(disabled.clientId);
    expect((await post(FORM, basic(disabled))).status).toBe(401);
  });

  test('refuses the old secret once it was replaced', async () => {
    const rotated = await server.register();
    expect((await post(FORM, basic(rotated))).status).toBe(200);
    const clientSecret = (await server.oauth2.applications.rotateSecret(rotated.clientId)) as string;
    expect((await post(FORM, basic(rotated))).status).toBe(401);
    expect((await post(FORM, basic({ ...rotated, clientSecret }))).status).toBe(200);
  });

  test('is by a signed assertion for an application with keys, each assertion once (RFC 7523 §3)', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig' };
    const keyed = await server.register({ jwks: { keys: [jwk] } as never });
    expect(keyed.clientSecret).toBe('');
    const assertion = (changes: { aud?: string; exp?: string; sub?: string } = {}) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(keyed.clientId)
        .setSubject(changes.sub ?? keyed.clientId)
        .setAudience(changes.aud ?? server.url)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(changes.exp ?? '1m')
        .sign(privateKey);
    const send = (signed: string) =>
      post({ ...FORM, client_assertion_type: ASSERTION, client_assertion: signed }).then(({ status }) => status);
    const signed = await assertion();
    expect(await send(signed)).toBe(200);
    expect(await send(signed)).toBe(401);
    expect(await send(await assertion({ aud: 'https://other.example.com' }))).toBe(401);
    expect(await send(await assertion({ exp: '-1m' }))).toBe(401);
    expect(await send(await assertion({ sub: client.clientId }))).toBe(401);
    const parts = (await assertion()).split('.');
    expect(await send(`${parts[0]}.${parts[1]}.${'A'.repeat(86)}`)).toBe(401);
    expect(await send('not a token')).toBe(400);
    expect((await post(FORM, basic({ ...keyed, clientSecret: 'x' }))).status).toBe(401);
  });

  test('[AS-28 §2.4] neither the password grant nor the implicit one is there', async () => {
    for (const grant of ['password', 'implicit', 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'toString']) {
      const answer = await post(
        { grant_type: grant, username: 'alice', password: 'ecila', scope: 'read' },
        basic(client),
      );
      expect([answer.status, await answer.json()]).toEqual([
        400,
        expect.objectContaining({ error: 'unsupported_grant_type' }),
      ]);
    }
  });

  test('refuses a grant that the application is not registered for', async () => {
    const answer = await post({ grant_type: 'refresh_token', refresh_token: 'a' }, basic(client));
    expect(answer.status).toBe(400);
  });
});

describe('keys of an application', () => {
  test('[AS-44] are fetched by https only, from no private address, and what fails is the application’s failure', async () => {
    const server = await startAuthorizationServer('sqlite');
    try {
      const { privateKey } = await generateKeyPair('ES256');
      const keyed = await server.register({ jwksUri: 'https://127.0.0.1:9/keys' });
      const signed = await new SignJWT({})
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(keyed.clientId)
        .setSubject(keyed.clientId)
        .setAudience(server.url)
        .setJti(randomUUID())
        .setExpirationTime('1m')
        .sign(privateKey);
      const form = { ...FORM, client_assertion_type: ASSERTION, client_assertion: signed };
      const answer = await server.post('/oauth2/token', form);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    } finally {
      await server.close();
    }
  });
});

describe('failed client authentications', () => {
  test('[AS-36 AS-54 §2.3.1] spend the budget of the address, or of the application there if it is known', async () => {
    const server = await startAuthorizationServer('sqlite', {
      oauth2: { throttling: { failedAuthentication: '3/h' }, trustedProxies: 1 },
    });
    try {
      const [client, other, third] = [await server.register(), await server.register(), await server.register()];
      const from = (address: string, { clientId, clientSecret }: TestClient) =>
        fetch(`${server.url}/oauth2/token`, {
          method: 'POST',
          headers: { authorization: basic({ clientId, clientSecret }), 'x-forwarded-for': address },
          body: new URLSearchParams(FORM),
        });
      const wrong = { ...client, clientSecret: 'wrong' };
      // Successes spend nothing.
      for (let count = 0; count < 5; count += 1) expect((await from('192.0.2.1', client)).status).toBe(200);
      // Known here: what fails in its name is no matter of the others.
      for (let count = 0; count < 3; count += 1) expect((await from('192.0.2.1', wrong)).status).toBe(401);
      expect((await from('192.0.2.1', wrong)).status).toBe(429);
      expect((await from('192.0.2.1', other)).status).toBe(200);
      for (let count = 0; count < 3; count += 1) expect((await from('192.0.2.2', wrong)).status).toBe(401);
      const byAddress = await from('192.0.2.2', third);
      expect(byAddress.status).toBe(429);
      expect(Number(byAddress.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await byAddress.json()).toMatchObject({ error: 'throttled' });
      expect((await from('192.0.2.3', client)).status).toBe(200);
    } finally {
      await server.close();
    }
  });

  test('[AS-36] right credentials that are checked at the same time spend nothing, however many they are', async () => {
    const server = await startAuthorizationServer('sqlite', {
      oauth2: { throttling: { failedAuthentication: '3/h' } },
    });
    try {
      const client = await server.register();
      const ask = () =>
        fetch(`${server.url}/oauth2/token`, {
          method: 'POST',
          headers: { authorization: basic(client) },
          body: new URLSearchParams(FORM),
        });
      const answers = await Promise.all(Array.from({ length: 40 }, ask));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    } finally {
      await server.close();
    }
  });
});
