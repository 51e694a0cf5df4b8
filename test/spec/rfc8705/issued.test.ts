import 'reflect-metadata';
import { hash, randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  type Answer,
  expectError,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';
import { call } from '../../support/spec/http.js';

@JsonController('/things')
class Things {
  @Authorized('read')
  @Get()
  get() {
    return {};
  }
}

const API = 'https://jwt.example';

/** A certificate as a proxy forwards it (RFC 9440 §2.1); nothing of it is read but its digest. */
class ForwardedCertificate {
  private readonly der = randomBytes(700);
  readonly thumbprint = hash('sha256', this.der, 'base64url');
  readonly fields = { 'client-cert': `:${this.der.toString('base64')}:` };
}

const ours = new ForwardedCertificate();
const theirs = new ForwardedCertificate();
const BOUND = { certificateBoundAccessTokens: true };

describe.each(STACKS)('certificate-bound tokens of the authorization server, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    controllers: [Things],
    options: { resources: { [API]: { scopes: ['read'], accessTokens: 'jwt' } } },
    oauth2: { clientCertificates: { header: 'Client-Cert' }, trustedProxies: ['loopback'] },
  });
  const stranger = useAuthorizationServer(name, {
    oauth2: { clientCertificates: { header: 'Client-Cert' }, trustedProxies: ['203.0.113.0/24'] },
  });
  const without = useAuthorizationServer(name);
  let machine: TestClient;
  let app: TestClient;
  let open: TestClient;
  beforeAll(async () => {
    machine = await suite.server.register(BOUND);
    app = await suite.server.register({ ...FOR_USERS, ...BOUND });
    open = await suite.server.register({ ...FOR_USERS, ...BOUND, clientType: 'public' });
  });

  type Form = Readonly<Record<string, string>>;
  const ask = (form: Form, client: TestClient, by: ForwardedCertificate | undefined, on = suite): Promise<Answer> =>
    on.send('/oauth2/token', {
      method: 'POST',
      headers: { ...(client.clientSecret !== '' && { authorization: basic(client) }), ...by?.fields },
      body: new URLSearchParams({ ...(client.clientSecret === '' && { client_id: client.clientId }), ...form }),
    });
  const own = { grant_type: 'client_credentials', scope: 'read' };
  const exchange = async (client: TestClient, by: ForwardedCertificate | undefined, parameters: Form = {}) => {
    const { code, verifier } = await suite.code(client, { scope: 'read', ...parameters });
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier };
    return ask({ ...form, redirect_uri: 'https://app.example.com/callback' }, client, by);
  };
  const refresh = (client: TestClient, { body }: Answer, by: ForwardedCertificate | undefined) =>
    ask({ grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }, client, by);
  const get = async (token: unknown, by: ForwardedCertificate | undefined) =>
    (await call(`${suite.url}/things`, { token: String(token), headers: by?.fields ?? {} })).status;
  async function expectBound({ status, body }: Answer, by: ForwardedCertificate): Promise<void> {
    expect([status, body.token_type]).toEqual([200, 'Bearer']);
    const other = by === ours ? theirs : ours;
    const statuses = [await get(body.access_token, by), await get(body.access_token, other)];
    expect([...statuses, await get(body.access_token, undefined)]).toEqual([200, 401, 401]);
  }

  test('[AS-78 §3] a token of an application alone is good with its certificate only, and introspection says so', async () => {
    const answer = await ask(own, machine, ours);
    await expectBound(answer, ours);
    const { body } = await suite.introspect(machine, String(answer.body.access_token));
    expect(body).toMatchObject({ active: true, token_type: 'Bearer', cnf: { 'x5t#S256': ours.thumbprint } });
  });

  test('[AS-78 §3.4] without a certificate there is no token, for any grant', async () => {
    expectError(await ask(own, machine, undefined), 400, 'invalid_grant');
    for (const client of [app, open]) expectError(await exchange(client, undefined), 400, 'invalid_grant');
  });

  test('[AS-78 §4] the refresh token of a public application is bound too, and its next tokens are bound again', async () => {
    const first = await exchange(open, ours);
    await expectBound(first, ours);
    for (const by of [theirs, undefined]) expectError(await refresh(open, first, by), 400, 'invalid_grant');
    const second = await refresh(open, first, ours);
    await expectBound(second, ours);
    expectError(await refresh(open, second, theirs), 400, 'invalid_grant');
    await expectBound(await refresh(open, second, ours), ours);
  });

  test('[AS-78 §4] a confidential application may renew its certificate: tokens are bound to the one it has', async () => {
    const first = await exchange(app, ours);
    await expectBound(first, ours);
    expectError(await refresh(app, first, undefined), 400, 'invalid_grant');
    await expectBound(await refresh(app, first, theirs), theirs);
  });

  test('[AS-78 §3.1] a JWT access token names the certificate', async () => {
    const { body } = await exchange(app, ours, { resource: API });
    expect(decodeJwt(String(body.access_token))).toMatchObject({ cnf: { 'x5t#S256': ours.thumbprint } });
  });

  test('[AS-78 §3.4] an application that does not ask for it gets bearer tokens, also with a certificate', async () => {
    const plain = await suite.server.register();
    const { body } = await ask(own, plain, ours);
    expect(await get(body.access_token, undefined)).toBe(200);
  });

  test('[AS-78] a field from elsewhere than a trusted proxy, or one that holds no certificate, gives no token', async () => {
    const client = await stranger.server.register(BOUND);
    expectError(await ask(own, client, ours, stranger), 400, 'invalid_grant');
    for (const field of [
      '',
      ':',
      '::',
      ':A:',
      'x'.repeat(10_000),
      `${ours.fields['client-cert']}, ${theirs.fields['client-cert']}`,
    ]) {
      const by = { ...ours, fields: { 'client-cert': field } } as unknown as ForwardedCertificate;
      expectError(await ask(own, machine, by), 400, 'invalid_grant');
    }
  });

  test('[AS-78 §3.3] the metadata say so where certificates are seen, and only there; elsewhere there is no token', async () => {
    const metadata = '/.well-known/oauth-authorization-server';
    expect((await suite.send(metadata)).body).toMatchObject({ tls_client_certificate_bound_access_tokens: true });
    expect((await without.send(metadata)).body).not.toHaveProperty('tls_client_certificate_bound_access_tokens');
    expect((await without.send(metadata)).headers.get('content-type')).toMatch(/^application\/json/);
    const client = await without.server.register(BOUND);
    expectError(await ask(own, client, ours, without), 400, 'invalid_grant');
  });

  test('[AS-78] an application cannot ask for both bindings', async () => {
    await expect(suite.server.register({ ...BOUND, dpopBoundAccessTokens: true })).rejects.toThrow(
      /certificateBoundAccessTokens.*dpopBoundAccessTokens/,
    );
  });
});
