import { pbkdf2Sync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { objectOf, resultOf, runCli } from '../../support/cli/run-cli.js';
import { type FreshDatabase, freshDatabase } from '../../support/services.js';

describe('applications and their secrets', () => {
  let database: FreshDatabase;
  let env: Record<string, string>;
  let oauth2: OAuth2;

  beforeAll(async () => {
    database = await freshDatabase('sqlite');
    env = { DATABASE_URL: database.url };
    oauth2 = createOAuth2({ database: database.url });
    await oauth2.migrate();
  });

  afterAll(async () => {
    await oauth2?.close();
    await database?.drop();
  });

  function create(...options: string[]) {
    return runCli(['applications', 'create', '--name', 'demo', ...options, '--json'], { env });
  }

  async function checks(clientId: unknown, secret: unknown): Promise<boolean | undefined> {
    return (await oauth2.applications.findByClientId(String(clientId)))?.checkSecret(String(secret));
  }

  test('rotate-secret prints a new secret, and the old one is invalid', async () => {
    const created = resultOf(await create());
    const clientId = String(created.client_id);
    const rotated = resultOf(await runCli(['applications', 'rotate-secret', clientId, '--json'], { env }));
    expect(rotated).toEqual({ client_id: clientId, client_secret: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) });
    expect([await checks(clientId, created.client_secret), await checks(clientId, rotated.client_secret)]).toEqual([
      false,
      true,
    ]);
    const { stdout, stderr } = await runCli(['applications', 'rotate-secret', clientId], { env });
    expect(stdout).toMatch(/^client_id +\S+\nclient_secret +[A-Za-z0-9_-]{43}\n$/);
    expect(stderr).toBe('Store the client_secret now: it is not shown again.\n');
  });

  test('rotate-secret refuses an application that is not there, or has no secret', async () => {
    const { client_id } = resultOf(await create('--public', '--grants', 'device_code'));
    for (const [id, error] of [
      ['nobody', 'invalid_client'],
      [String(client_id), 'no_client_secret'],
    ] as const) {
      const finished = await runCli(['applications', 'rotate-secret', id, '--json'], { env });
      expect([finished.code, finished.stdout, objectOf(finished.stderr).error]).toEqual([1, '', error]);
    }
  });

  test('a secret that Django stored is taken over, and no other is printed', async () => {
    const hash = `pbkdf2_sha256$1000$salt$${pbkdf2Sync('looking-glass', 'salt', 1000, 32, 'sha256').toString('base64')}`;
    const created = resultOf(await create('--secret-hash', hash));
    expect(created).not.toHaveProperty('client_secret');
    expect(JSON.stringify(created)).not.toContain('pbkdf2');
    expect([
      await checks(created.client_id, 'looking-glass'),
      await checks(created.client_id, 'Looking-glass'),
    ]).toEqual([true, false]);
  });

  test('every property of an application can be given', async () => {
    const created = resultOf(
      await create(
        ...['--grants', 'authorization_code refresh_token', '--redirect-uris', 'https://a.example/cb'],
        ...['--post-logout-redirect-uris', 'https://a.example/bye', '--jwks-uri', 'https://a.example/jwks'],
        ...['--owner', 'alice', '--may-introspect', '--skip-consent', '--scopes', 'read write'],
      ),
    );
    expect(created).toMatchObject({ token_endpoint_auth_method: 'private_key_jwt', scope: 'read write' });
    expect(created).not.toHaveProperty('client_secret');
    expect(await oauth2.applications.findByClientId(String(created.client_id))).toMatchObject({
      postLogoutRedirectUris: 'https://a.example/bye',
      jwksUri: 'https://a.example/jwks',
      userId: 'alice',
      mayIntrospect: true,
      skipAuthorization: true,
    });
  });

  test('an application has a consent screen, no owner and no right to introspect unless told otherwise', async () => {
    const created = resultOf(await create());
    expect(await oauth2.applications.findByClientId(String(created.client_id))).toMatchObject({
      userId: null,
      mayIntrospect: false,
      skipAuthorization: false,
    });
    expect(created.token_endpoint_auth_method).toBe('client_secret_basic');
  });
});
