import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { objectOf, resultOf, runCli } from '../../support/cli/run-cli.js';
import { type FreshDatabase, freshDatabase } from '../../support/services.js';

const KEYS = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }] };

describe('applications show, update, enable, disable and rotate-secret', () => {
  let database: FreshDatabase;
  let env: Record<string, string>;
  let oauth2: OAuth2;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rc-oauth2-'));
    database = await freshDatabase('sqlite');
    env = { DATABASE_URL: database.url };
    oauth2 = createOAuth2({ database: database.url });
    await oauth2.migrate();
    await oauth2.knex.schema.alterTable('oauth2_applications', (table) => table.string('tenant_id'));
  });

  afterAll(async () => {
    await oauth2?.close();
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (command: string, ...args: string[]) => runCli(['applications', command, ...args, '--json'], { env });
  const stored = (clientId: string) => oauth2.applications.findByClientId(clientId);
  async function created(): Promise<{ clientId: string; clientSecret: string }> {
    const { application, clientSecret = '' } = await oauth2.applications.create({
      name: 'demo',
      grantTypes: ['client_credentials'],
      scopes: ['read'],
    });
    return { clientId: application.clientId, clientSecret };
  }

  test('[AS-61] a name from before there was a rule neither commands the terminal nor makes a row; the rest can be changed', async () => {
    const { clientId } = await created();
    const name = 'demo\u001b[2J\nmade-up  admin  \u202e';
    await oauth2.knex('oauth2_applications').where({ client_id: clientId }).update({ name });
    const commands = [['list'], ['show', clientId], ['update', clientId, '--scopes', 'read write']];
    for (const command of commands) {
      const { code, stdout } = await runCli(['applications', ...command], { env });
      expect([command[0], code]).toEqual([command[0], 0]);
      expect(stdout).toContain('demo\\u001b[2J\\nmade-up  admin  \\u202e');
      expect(stdout).not.toMatch(/\p{Cc}(?<!\n)|\u202e|^made-up/mu);
    }
    expect((await stored(clientId))?.name).toBe(name);
    await oauth2.applications.delete(clientId);
  });

  test('[AS-60] the origins of its pages are given, changed and taken away; what is none is refused', async () => {
    const origins = ['https://app.example.com', 'https://spa.example.com:8443'];
    const made = resultOf(await run('create', '--name', 'Pages', '--allowed-origins', origins.join(' ')));
    expect(made).toMatchObject({ allowed_origins: origins });
    const clientId = String(made.client_id);
    expect((await stored(clientId))?.allowedOrigins).toBe(origins.join(' '));
    const update = (...args: string[]) => run('update', clientId, ...args);
    expect(resultOf(await update('--allowed-origins', 'https://other.example.com'))).toMatchObject({
      allowed_origins: ['https://other.example.com'],
    });
    expect(resultOf(await update('--name', 'Another'))).toMatchObject({
      allowed_origins: ['https://other.example.com'],
    });
    for (const wrong of ['*', 'null', 'https://app.example.com/path', '']) {
      const refused = await update('--allowed-origins', wrong);
      expect([wrong, refused.code]).toEqual([wrong, 2]);
    }
    expect(resultOf(await update('--no-allowed-origins'))).toMatchObject({ allowed_origins: [] });
    expect((await stored(clientId))?.allowedOrigins).toBeNull();
  });

  test('show prints all that is stored, and no secret', async () => {
    const { clientId, clientSecret } = await created();
    await oauth2.applications.rotateSecret(clientId, { overlapSeconds: 60 });
    const shown = resultOf(await run('show', clientId));
    expect(shown).toEqual({
      client_id: clientId,
      client_name: 'demo',
      client_type: 'confidential',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'read',
      post_logout_redirect_uris: [],
      allowed_origins: [],
      jwks: null,
      jwks_uri: null,
      owner: null,
      registered_by: 'host',
      may_introspect: false,
      skip_consent: false,
      access_token_lifetime: null,
      refresh_token_lifetime: null,
      refresh_token_idle: null,
      id_token_lifetime: null,
      dpop_bound_access_tokens: false,
      tls_client_certificate_bound_access_tokens: false,
      require_pushed_authorization_requests: false,
      require_auth_time: false,
      default_max_age: null,
      id_token_signed_response_alg: null,
      token_endpoint_auth_signing_alg: null,
      previous_client_secret_expires_at: expect.any(Number),
      disabled: false,
      disabled_at: null,
      client_id_issued_at: expect.any(Number),
      updated_at: expect.any(Number),
    });
    expect(JSON.stringify(shown)).not.toContain(clientSecret);
    const { stdout } = await runCli(['applications', 'show', clientId], { env });
    expect(stdout).toMatch(/^client_id +\S+\n/);
    expect(stdout).toMatch(/^access_token_lifetime +default$/m);
  });

  test('update changes every property, and keeps what is not named', async () => {
    const { clientId } = await created();
    const options = [
      ...['--name', 'renamed', '--grants', 'authorization_code refresh_token', '--scopes', 'read write'],
      ...['--redirect-uris', 'https://a.example/cb', '--post-logout-redirect-uris', 'https://a.example/bye'],
      ...['--jwks-uri', 'https://a.example/jwks', '--owner', 'alice', '--registered-by', 'owner'],
      ...['--may-introspect', '--skip-consent', '--access-token-lifetime', '60', '--refresh-token-lifetime', '600'],
      ...['--refresh-token-idle', '120', '--id-token-lifetime', '30', '--extra', '{"tenantId":"t1"}'],
    ];
    const updated = resultOf(await run('update', clientId, ...options));
    expect(updated).toMatchObject({
      client_name: 'renamed',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['https://a.example/cb'],
      post_logout_redirect_uris: ['https://a.example/bye'],
      scope: 'read write',
      jwks_uri: 'https://a.example/jwks',
      token_endpoint_auth_method: 'private_key_jwt',
      owner: 'alice',
      registered_by: 'owner',
      may_introspect: true,
      skip_consent: true,
      access_token_lifetime: 60,
      refresh_token_lifetime: 600,
      refresh_token_idle: 120,
      id_token_lifetime: 30,
    });
    expect(await stored(clientId)).toMatchObject({ tenantId: 't1', accessTokenLifetimeSeconds: 60 });
    expect(resultOf(await run('update', clientId, '--name', 'again'))).toEqual({
      ...updated,
      client_name: 'again',
      updated_at: expect.any(Number),
    });
  });

  test('update changes how the protocol treats an application, and back', async () => {
    const { clientId } = await created();
    const flags = ['dpop-bound-access-tokens', 'require-pushed-authorization-requests', 'require-auth-time'];
    const given = ['--default-max-age', '60', '--id-token-alg', 'ES256', '--jwks-uri', 'https://a.example/jwks'];
    const signing = ['--token-endpoint-auth-signing-alg', 'PS256'];
    expect(
      resultOf(await run('update', clientId, ...flags.map((flag) => `--${flag}`), ...given, ...signing)),
    ).toMatchObject({
      dpop_bound_access_tokens: true,
      require_pushed_authorization_requests: true,
      require_auth_time: true,
      default_max_age: 60,
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_signing_alg: 'PS256',
    });
    const back = ['--default-max-age', 'default', '--id-token-alg', 'default', '--no-jwks-uri'];
    const defaults = [...back, '--token-endpoint-auth-signing-alg', 'default'];
    const method = ['--token-endpoint-auth-method', 'client_secret_post'];
    expect(
      resultOf(await run('update', clientId, ...flags.map((flag) => `--no-${flag}`), ...defaults, ...method)),
    ).toMatchObject({
      dpop_bound_access_tokens: false,
      require_pushed_authorization_requests: false,
      require_auth_time: false,
      default_max_age: null,
      id_token_signed_response_alg: null,
      token_endpoint_auth_signing_alg: null,
    });
    expect(await stored(clientId)).toMatchObject({ tokenEndpointAuthMethod: 'client_secret_post' });
  });

  test('update binds the tokens of an application to its certificate, or no longer', async () => {
    const { clientId } = await created();
    const option = 'certificate-bound-access-tokens';
    for (const [flag, isBound] of [
      [`--${option}`, true],
      [`--no-${option}`, false],
    ] as const) {
      expect(resultOf(await run('update', clientId, flag))).toMatchObject({
        tls_client_certificate_bound_access_tokens: isBound,
      });
      expect(await stored(clientId)).toMatchObject({ certificateBoundAccessTokens: isBound });
    }
  });

  test('update takes away what may be taken away', async () => {
    const file = join(folder, 'jwks.json');
    writeFileSync(file, JSON.stringify(KEYS));
    const { clientId } = await created();
    const given = [
      '--jwks',
      file,
      '--owner',
      'alice',
      '--may-introspect',
      '--skip-consent',
      '--id-token-lifetime',
      '9',
    ];
    const uris = ['--redirect-uris', 'https://a.example/', '--post-logout-redirect-uris', 'https://a.example/'];
    expect(resultOf(await run('update', clientId, ...given, ...uris))).toMatchObject({ jwks: KEYS, owner: 'alice' });
    const taken = [
      '--no-jwks',
      '--no-owner',
      '--no-may-introspect',
      '--no-skip-consent',
      '--id-token-lifetime',
      'default',
    ];
    const away = ['--no-redirect-uris', '--no-post-logout-redirect-uris', '--any-scope'];
    expect(resultOf(await run('update', clientId, ...taken, ...away))).toMatchObject({
      jwks: null,
      token_endpoint_auth_method: 'client_secret_basic',
      owner: null,
      may_introspect: false,
      skip_consent: false,
      id_token_lifetime: null,
      redirect_uris: [],
      post_logout_redirect_uris: [],
      scope: null,
    });
    await run('update', clientId, '--jwks-uri', 'https://a.example/jwks');
    expect(resultOf(await run('update', clientId, '--no-jwks-uri'))).toMatchObject({ jwks_uri: null });
  });

  test.each([
    [[], /nothing to change/],
    [['--scopes', 'read', '--any-scope'], /--any-scope and --scopes/],
    [['--access-token-lifetime', '0'], /--access-token-lifetime cannot be .*from 1 to 315360000, or "default"/],
    [['--id-token-lifetime', '2592001'], /--id-token-lifetime cannot be/],
    [['--grants', 'authorization_code'], /--redirect-uris/],
    [['--redirect-uris', 'http://a.example/cb'], /--redirect-uris/],
    [['--token-endpoint-auth-signing-alg', 'ES256'], /--token-endpoint-auth-signing-alg/],
    [['--id-token-alg', 'none'], /--id-token-alg cannot be/],
    [['--registered-by', 'me'], /--registered-by/],
    [['--jwks', '/nowhere/keys.json'], /--jwks: the file cannot be read \(ENOENT\)/],
    [['--extra', '{"clientSecretHash":null}'], /--extra cannot be .*column of this package/],
    [['--extra', '{"client_secret_hash":null}'], /--extra cannot be .*column of this package/],
    [['--extra', '[]'], /--extra cannot be .*JSON object/],
  ])('update %j is a usage error, and changes nothing', async (options, message) => {
    const { clientId } = await created();
    const before = await stored(clientId);
    const { code, stdout, stderr } = await run('update', clientId, ...options);
    expect([code, stdout, objectOf(stderr)]).toEqual([
      2,
      '',
      { error: 'usage_error', error_description: expect.stringMatching(message) },
    ]);
    expect(await stored(clientId)).toEqual(before);
  });

  test('a disabled application and its tokens are refused, until it is enabled again', async () => {
    const { clientId } = await created();
    const { access_token: token } = await oauth2.tokens.issue({ application: clientId, scope: 'read' });
    const active = async () => (await oauth2.tokens.inspect(token)).active;
    expect(resultOf(await run('disable', clientId))).toEqual({ client_id: clientId, disabled: true, changed: true });
    expect([await active(), (await stored(clientId))?.isDisabled()]).toEqual([false, true]);
    expect(resultOf(await run('disable', clientId))).toEqual({ client_id: clientId, disabled: true, changed: false });
    expect(resultOf(await run('enable', clientId))).toEqual({ client_id: clientId, disabled: false, changed: true });
    expect(await active()).toBe(true);
    const { stdout } = await runCli(['applications', 'enable', clientId], { env });
    expect(stdout).toBe(`${clientId} was enabled already.\n`);
  });

  test('[ALL-79] one whose row cannot be read can be disabled, enabled and deleted', async () => {
    const { clientId } = await created();
    const row = () => oauth2.knex('oauth2_applications').where('client_id', clientId);
    await row().update({ jwks: '{' });
    for (const command of ['disable', 'enable']) {
      expect(resultOf(await run(command, clientId))).toMatchObject({ client_id: clientId, changed: true });
    }
    expect(resultOf(await run('delete', clientId, '--yes'))).toEqual({ client_id: clientId, deleted: true });
    expect(await row()).toEqual([]);
  });

  test.each([
    ['90s', 90],
    ['45m', 2700],
    ['24h', 86_400],
    ['7d', 604_800],
    ['60', 60],
  ])('rotate-secret --overlap %s keeps the old secret for %i seconds', async (duration, seconds) => {
    const { clientId, clientSecret } = await created();
    const before = Date.now();
    const rotated = resultOf(await run('rotate-secret', clientId, '--overlap', duration));
    const now = Date.now();
    expect(rotated).toEqual({
      client_id: clientId,
      client_secret: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      previous_client_secret_expires_in: seconds,
    });
    const application = await stored(clientId);
    const check = (secret: unknown, time?: number) => application?.checkSecret(String(secret), false, time);
    expect([check(clientSecret), check(rotated.client_secret)]).toEqual([true, true]);
    expect(check(clientSecret, before + seconds * 1000 - 1)).toBe(true);
    expect(check(clientSecret, now + seconds * 1000)).toBe(false);
  });

  test.each(['-1', '1w', '91d', '1.5h', ''])('rotate-secret --overlap %j is a usage error', async (duration) => {
    const { clientId, clientSecret } = await created();
    const { code, stderr } = await run('rotate-secret', clientId, `--overlap=${duration}`);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--overlap cannot be')]);
    expect((await stored(clientId))?.checkSecret(clientSecret)).toBe(true);
  });

  test.each([
    ['show', []],
    ['update', ['--name', 'x']],
    ['enable', []],
    ['disable', []],
    ['rotate-secret', ['--overlap', '1h']],
  ])('%s of an application that is not there is refused', async (command, options) => {
    const { code, stdout, stderr } = await run(command, 'nobody', ...options);
    expect([code, stdout, objectOf(stderr).error]).toEqual([1, '', 'invalid_client']);
  });

  test('lifetimes can be given from the beginning, and tokens issue follows them', async () => {
    const { client_id: clientId } = resultOf(
      await run('create', '--name', 'brief', '--access-token-lifetime', '60', '--refresh-token-idle', '120'),
    );
    expect(await stored(String(clientId))).toMatchObject({
      accessTokenLifetimeSeconds: 60,
      refreshTokenIdleSeconds: 120,
      refreshTokenLifetimeSeconds: null,
    });
    const issue = async (...options: string[]) => {
      const call = ['tokens', 'issue', '--client', String(clientId), '--scope', 'read', ...options, '--json'];
      return resultOf(await runCli(call, { env })).expires_in;
    };
    expect([await issue(), await issue('--lifetime', '7')]).toEqual([60, 7]);
  });
});
