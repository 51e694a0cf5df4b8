import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { objectOf, resultOf, runCli, runCliProcess } from '../../support/cli/run-cli.js';
import { type DatabaseKind, databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

/** A process for each call; on the servers within this one: they answer a process no other than this one. */
let call: typeof runCli;
let database: FreshDatabase;
let env: Record<string, string>;
let client: { client_id: string; client_secret: string };

async function begin(kind: DatabaseKind): Promise<void> {
  call = kind === 'sqlite' ? runCliProcess : runCli;
  database = await freshDatabase(kind);
  env = { DATABASE_URL: database.url };
  resultOf(await call(['migrate', '--json'], { env }));
  const created = resultOf(
    await call(
      [
        'applications',
        'create',
        '--name',
        'demo',
        '--grants',
        'client_credentials',
        '--scopes',
        'read write',
        '--json',
      ],
      { env },
    ),
  );
  client = created as typeof client;
}

async function issue(...options: string[]): Promise<Record<string, unknown>> {
  const args = ['tokens', 'issue', '--client', client.client_id, '--scope', 'read', ...options, '--json'];
  return resultOf(await call(args, { env }));
}

async function inspect(token: unknown): Promise<Record<string, unknown>> {
  return resultOf(await call(['tokens', 'inspect', String(token), '--json'], { env }));
}

describe.each(databaseKinds())('the exact calls on %s', (kind: DatabaseKind) => {
  beforeAll(() => begin(kind));

  afterAll(() => database?.drop());

  test('applications create prints the identifier and, this once, the secret', async () => {
    expect(client).toEqual({
      client_id: expect.stringMatching(/^[\w-]{22}$/),
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_name: 'demo',
      client_type: 'confidential',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scope: 'read write',
      disabled: false,
      token_endpoint_auth_method: 'client_secret_basic',
    });
    const { stdout, stderr } = await call(['applications', 'list', '--json'], { env });
    const { client_secret, ...rest } = client;
    expect(objectOf(stdout)).toEqual({ applications: [rest] });
    expect(stdout + stderr).not.toContain(client_secret);
  });

  test('tokens issue, inspect in the shape of RFC 7662, and revoke, twice', async () => {
    const issued = await issue('--user', 'alice', '--lifetime', '600');
    expect(issued).toEqual({
      access_token: expect.stringMatching(/^rco_[\w-]{51}$/),
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'read',
    });
    const answer = await inspect(issued.access_token);
    expect(answer).toEqual({
      active: true,
      scope: 'read',
      client_id: client.client_id,
      token_type: 'Bearer',
      exp: expect.any(Number),
      iat: expect.any(Number),
      sub: 'alice',
    });
    expect(Number(answer.exp) - Number(answer.iat)).toBe(600);
    const revoke = () => call(['tokens', 'revoke', String(issued.access_token), '--json'], { env });
    expect(resultOf(await revoke())).toEqual({ revoked: true });
    expect(await inspect(issued.access_token)).toEqual({ active: false });
    expect(resultOf(await revoke())).toEqual({ revoked: false });
  });

  test('applications delete takes the tokens along, and a second one is refused', async () => {
    const { client_id } = resultOf(await call(['applications', 'create', '--name', 'gone', '--json'], { env }));
    const id = String(client_id);
    const issued = await call(['tokens', 'issue', `--client=${id}`, '--scope', 'anything', '--json'], { env });
    const token = resultOf(issued).access_token;
    expect(resultOf(await call(['applications', 'delete', '--yes', id, '--json'], { env }))).toEqual({
      client_id: id,
      deleted: true,
    });
    expect(await inspect(token)).toEqual({ active: false });
    const again = await call(['applications', 'delete', '--yes', id, '--json'], { env });
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(objectOf(again.stderr)).toMatchObject({ error: 'invalid_client' });
  });
});

describe('the rest of the calls', () => {
  beforeAll(() => begin('sqlite'));

  afterAll(() => database?.drop());

  test('a token lives an hour unless --lifetime says otherwise', async () => {
    expect((await issue()).expires_in).toBe(3600);
  });

  test.each([[['--lifetime', '-60']], [['--lifetime=-60']]])(
    'a negative lifetime gives an expired token: %j',
    async (lifetime) => {
      const issued = await issue(...lifetime);
      expect(issued.expires_in).toBe(-60);
      expect(await inspect(issued.access_token)).toEqual({ active: false });
    },
  );

  test('a token without scope can be issued', async () => {
    const args = ['tokens', 'issue', '--client', client.client_id, '--scope', '', '--json'];
    expect(resultOf(await call(args, { env }))).toMatchObject({ scope: '' });
  });

  test.each(['-abc', '-habc', '--abcdefghijklmnopqrstuvwxyz', 'not a token'])(
    '%j is an unknown token: inactive, and no error to revoke (RFC 7009 §2.2)',
    async (token) => {
      expect(await inspect(token)).toEqual({ active: false });
      expect(resultOf(await call(['tokens', 'revoke', token, '--json'], { env }))).toEqual({ revoked: false });
    },
  );

  test('a token for a resource is active for that resource only (RFC 8707)', async () => {
    const { access_token } = await issue('--resource', 'https://api.example.com');
    const ask = (...options: string[]) =>
      call(['tokens', 'inspect', String(access_token), ...options, '--json'], { env });
    expect(resultOf(await ask('--resource', 'https://api.example.com'))).toMatchObject({
      active: true,
      aud: ['https://api.example.com'],
    });
    expect(resultOf(await ask('--resource', 'https://other.example.com'))).toEqual({ active: false });
  });

  test('an application of the host’s choosing, public, with every other grant; its identifier is taken once', async () => {
    const create = () =>
      call(
        [
          ...['applications', 'create', '--name', 'phone', '--public', '--client-id', '-phone', '--json'],
          ...['--grants', 'authorization_code refresh_token,device_code'],
          ...['--redirect-uris', 'https://a.example/cb com.example.app:/cb myapp://cb'],
          ...['--redirect-schemes', 'myapp', '--dpop-bound-access-tokens', '--require-pushed-authorization-requests'],
          ...['--id-token-alg', 'ES256'],
        ],
        { env },
      );
    expect(resultOf(await create())).toEqual({
      client_id: '-phone',
      client_name: 'phone',
      client_type: 'public',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      redirect_uris: ['https://a.example/cb', 'com.example.app:/cb', 'myapp://cb'],
      token_endpoint_auth_method: 'none',
      dpop_bound_access_tokens: true,
      require_pushed_authorization_requests: true,
      id_token_signed_response_alg: 'ES256',
      scope: null,
      disabled: false,
    });
    const again = await create();
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(objectOf(again.stderr)).toEqual({
      error: 'client_id_taken',
      error_description: '--client-id -phone is taken; give another, or omit the option.',
    });
    expect(resultOf(await call(['applications', 'delete', '--yes', '-phone', '--json'], { env }))).toEqual({
      client_id: '-phone',
      deleted: true,
    });
  });
});
