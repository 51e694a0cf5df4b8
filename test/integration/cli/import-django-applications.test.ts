import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { type Finished, objectOf, resultOf, runCli } from '../../support/cli/run-cli.js';
import { DOT_SECRETS, dotDump } from '../../support/django/dot-dump.js';
import { DotTables, type DotVersion } from '../../support/django/dot-tables.js';
import { djangoHash } from '../../support/django-secrets.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

interface Report {
  readonly dry_run: boolean;
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly left_out: readonly { kind: string; reason: string; count: number; names: string[] }[];
  readonly differences: readonly { kind: string; reason: string; count: number; names: string[] }[];
}

/** The names of applications by the reason. */
function byReason(remarks: Report['left_out']): Record<string, string[]> {
  return Object.fromEntries(
    remarks.flatMap(({ kind, reason, names }) => (kind === 'applications' ? [[reason, names]] : [])),
  );
}

class Target {
  private constructor(
    private readonly database: FreshDatabase,
    readonly oauth2: OAuth2,
  ) {}

  static async create(kind: 'sqlite' | 'mariadb' | 'postgres' = 'sqlite'): Promise<Target> {
    const database = await freshDatabase(kind);
    const oauth2 = createOAuth2({ database: database.url });
    await oauth2.migrate();
    return new Target(database, oauth2);
  }

  run(from: string, ...options: string[]): Promise<Finished> {
    return runCli(['import', 'django', '--from', from, ...options], { env: { DATABASE_URL: this.database.url } });
  }

  async import(from: string, ...options: string[]): Promise<Report> {
    return resultOf(await this.run(from, ...options, '--json')) as unknown as Report;
  }

  async close(): Promise<void> {
    await this.oauth2.close();
    await this.database.drop();
  }
}

describe.each(databaseKinds())('applications of Django OAuth Toolkit 3.4.1 itself, into %s', (kind) => {
  let source: FreshDatabase;
  let target: Target;
  let first: Report;

  beforeAll(async () => {
    source = await dotDump();
    target = await Target.create(kind);
    first = await target.import(source.url);
  });

  afterAll(async () => {
    await target?.close();
    await source?.drop();
  });

  const find = (clientId: string) => target.oauth2.applications.findByClientId(clientId);

  test('[IM-1] all come but those whose grant is not supported, which are named', async () => {
    expect(first.counts.applications).toEqual({ read: 6, imported: 5, present: 0, updated: 0, left_out: 1 });
    expect(byReason(first.left_out)).toEqual({ password_grant: ['pw'] });
    expect(byReason(first.differences)).toEqual({ hybrid_is_code: ['hs'], hs256_is_rs256: ['hs'] });
    expect(await find('code')).toMatchObject({
      grantTypes: 'authorization_code refresh_token',
      redirectUris: 'https://a.example/cb https://b.example/cb',
      userId: '1',
      registeredBy: 'host',
      createdAtMilliseconds: Date.parse('2026-11-28T14:27:17.656Z'),
    });
    expect(await find('pub')).toMatchObject({
      clientType: 'public',
      redirectUris: 'com.app:/cb http://localhost:8000/cb',
      allowedOrigins: 'https://a.example',
      clientSecretImported: null,
      clientSecretHash: null,
    });
    expect((await find('dev'))?.grantTypes).toBe('urn:ietf:params:oauth:grant-type:device_code refresh_token');
    expect(await find('pw')).toBeUndefined();
  });

  test('[IM-2] secrets keep working, hashed or in the clear, and none is stored in the clear', async () => {
    for (const clientId of ['cc', 'code', 'hs'] as const) {
      const application = await find(clientId);
      expect(await application?.checkSecret(DOT_SECRETS[clientId])).toBe(true);
      expect(await application?.checkSecret(`${DOT_SECRETS[clientId]}x`)).toBe(false);
    }
    const stored = JSON.stringify(await target.oauth2.knex('oauth2_applications'));
    expect(stored).not.toContain(DOT_SECRETS.hs);
  });

  test('[IM-3] a second run finds everything here, and changes nothing', async () => {
    const before = await target.oauth2.knex('oauth2_applications').orderBy('id');
    const again = await target.import(source.url);
    expect(again.counts.applications).toEqual({ read: 6, imported: 0, present: 5, updated: 0, left_out: 1 });
    expect(await target.oauth2.knex('oauth2_applications').orderBy('id')).toEqual(before);
  });
});

describe('applications of a Django project', () => {
  let source: DotTables;
  let target: Target;

  beforeEach(async () => {
    target = await Target.create();
  });

  afterEach(async () => {
    await target?.close();
    await source?.drop();
  });

  const find = (clientId: string) => target.oauth2.applications.findByClientId(clientId);
  const kinds = databaseKinds().flatMap((kind) =>
    (['3.0', '3.4', 'newest'] as const).map((one) => [kind, one] as const),
  );

  test.each(kinds)('[IM-1] are read from %s with the columns of version %s', async (kind, version: DotVersion) => {
    source = await DotTables.create(kind, { version });
    await source.application({ client_id: 'a', name: 'Schöne 📚', client_secret: djangoHash('s') });
    const report = await target.import(source.url);
    expect(report.counts.applications).toMatchObject({ imported: 1, left_out: 0 });
    expect(await find('a')).toMatchObject({
      name: 'Schöne 📚',
      grantTypes: 'client_credentials',
      skipAuthorization: false,
    });
    expect(await (await find('a'))?.checkSecret('s')).toBe(true);
  });

  test('[IM-1] keys, methods and pushed requests come from the newest version', async () => {
    source = await DotTables.create('sqlite', { version: 'newest' });
    const ofUsers = { authorization_grant_type: 'authorization-code', redirect_uris: 'https://a.example/cb' };
    await source.application({
      ...{
        ...ofUsers,
        client_id: 'keys',
        token_endpoint_auth_method: 'private_key_jwt',
        client_secret: djangoHash('s'),
      },
      ...{ client_jwks_uri: 'https://a.example/jwks', require_pushed_authorization_requests: true },
    });
    await source.application({ ...ofUsers, client_id: 'bad', token_endpoint_auth_method: 'private_key_jwt' });
    await source.application({
      ...{ ...ofUsers, client_id: 'hmac', token_endpoint_auth_method: 'client_secret_jwt' },
      ...{ client_secret: 'clear', hash_client_secret: false },
    });
    await source.application({
      ...{ ...ofUsers, client_id: 'post', token_endpoint_auth_method: 'client_secret_post' },
      ...{ client_secret: djangoHash('s'), registration_source: 'dcr', skip_authorization: true },
      ...{ post_logout_redirect_uris: 'https://a.example/bye' },
    });
    const report = await target.import(source.url);
    expect(byReason(report.left_out)).toEqual({ unusable_keys: ['bad'] });
    expect(byReason(report.differences)).toEqual({ client_secret_jwt: ['hmac'], registered_itself: ['post'] });
    expect(await find('keys')).toMatchObject({
      ...{ jwksUri: 'https://a.example/jwks', requirePushedAuthorizationRequests: true },
      ...{ clientSecretImported: null, clientSecretHash: null },
    });
    expect(await (await find('hmac'))?.checkSecret('clear')).toBe(false);
    expect(await find('post')).toMatchObject({
      ...{ tokenEndpointAuthMethod: 'client_secret_post', registeredBy: 'registration', skipAuthorization: true },
      postLogoutRedirectUris: 'https://a.example/bye',
    });
  });

  test('[IM-4] what is not allowed here is left out, and named without commanding the terminal', async () => {
    source = await DotTables.create('sqlite');
    const code = { authorization_grant_type: 'authorization-code' };
    const red = '\u001b[31m\u009b2J\u202e';
    await source.application({ ...code, client_id: 'js', redirect_uris: 'javascript:alert(1)' });
    await source.application({
      ...{
        ...code,
        client_id: 'mixed',
        redirect_uris: 'https://a.example/cb javascript:alert(1) http://evil.example/cb',
      },
      ...{ post_logout_redirect_uris: 'data:text/html,x', allowed_origins: 'https://a.example null http://b.example' },
      ...{ name: `${red}Bank`, client_secret: 'argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA' },
    });
    await source.application({ ...code, client_id: 'wild', redirect_uris: 'https://*.example.com/cb' });
    await source.application({ client_id: `evil${red}`, client_secret: 'x' });
    await source.application({ client_id: 'pub', client_type: 'public' });
    await source.application({ client_id: 'imp', authorization_grant_type: 'implicit' });
    await source.application({ client_id: 'odd', authorization_grant_type: '__proto__' });
    await source.application({ client_id: 'type', client_type: 'trusted' });
    await source.application({ client_id: 'empty', name: '' });
    await source.application({ client_id: 'long', name: '📚'.repeat(255), client_secret: djangoHash('s') });
    const { stdout, code: exitCode } = await target.run(source.url);
    expect(exitCode).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what must not be there.
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(stdout).toContain('\\u001b[31m');
    const report = await target.import(source.url);
    expect(byReason(report.left_out)).toEqual({
      no_redirect_uri: ['js', 'wild'],
      invalid_client_id: ['evil\\u001b[31m\\u009b2J\\u202e'],
      ...{
        public_client_credentials: ['pub'],
        implicit_grant: ['imp'],
        unknown_grant: ['odd'],
        unknown_client_type: ['type'],
      },
    });
    expect(await find('mixed')).toMatchObject({
      ...{ redirectUris: 'https://a.example/cb', postLogoutRedirectUris: null, allowedOrigins: 'https://a.example' },
      ...{ clientSecretHash: null, clientSecretImported: null, name: '\\u001b[31m\\u009b2J\\u202eBank' },
    });
    expect((await find('empty'))?.name).toBe('empty');
    expect((await find('long'))?.name).toBe('📚'.repeat(127));
  });

  test('[IM-2] a secret in the clear that looks generated is stored as its digest, another under PBKDF2', async () => {
    source = await DotTables.create('sqlite');
    const generated = 'q8Zr2Lw0vT5xJ7mB1nC4sD9fG6hK3pYe';
    for (const [client_id, client_secret] of [
      ['g', generated],
      ['p', 'looking$glass'],
    ]) {
      await source.application({ client_id, client_secret, hash_client_secret: false });
    }
    await target.import(source.url);
    expect(await find('g')).toMatchObject({ clientSecretHash: expect.any(Buffer), clientSecretImported: null });
    expect((await find('p'))?.clientSecretImported).toMatch(/^pbkdf2_sha256\$600000\$/);
    expect([
      await (await find('g'))?.checkSecret(generated),
      await (await find('p'))?.checkSecret('looking$glass'),
    ]).toEqual([true, true]);
  });

  test('[IM-3] what is here stays as it is, also if the source was changed later; that is named, and by option taken over', async () => {
    source = await DotTables.create('mariadb');
    await source.application({ client_id: 'a', name: 'Old', client_secret: djangoHash('old') });
    await target.import(source.url);
    await target.oauth2.applications.update('a', { scopes: ['read'] });
    await target.oauth2.applications.disable('a');
    const changes = { name: 'New', client_secret: djangoHash('new'), updated: source.time(Date.now() + 60_000) };
    await source.knex(source.name('application')).update(changes);
    const kept = await target.import(source.url);
    expect(byReason(kept.differences)).toEqual({ changed_at_source: ['a'] });
    expect((await find('a'))?.name).toBe('Old');
    const updated = await target.import(source.url, '--update-applications');
    expect(updated.counts.applications).toMatchObject({ updated: 1, present: 0 });
    expect(await find('a')).toMatchObject({ name: 'New', scope: 'read', disabledAtMilliseconds: expect.any(Number) });
    expect(await (await find('a'))?.checkSecret('new')).toBe(true);
    expect((await target.import(source.url, '--update-applications')).counts.applications).toMatchObject({
      updated: 0,
    });
  });

  test('[IM-5] --dry-run reports the same, and writes nothing', async () => {
    source = await DotTables.create('sqlite');
    await source.application({ client_id: 'a', client_secret: 'clear', hash_client_secret: false });
    await source.application({ client_id: 'b', authorization_grant_type: 'password' });
    const dry = await target.import(source.url, '--dry-run');
    expect(await target.oauth2.applications.list()).toEqual([]);
    const { dry_run: _, ...reported } = await target.import(source.url);
    expect(dry).toEqual({ dry_run: true, ...reported });
    expect((await target.run(source.url, '--dry-run')).stdout).toContain('Nothing was written (--dry-run).');
  });

  test('[IM-6] owners have the ids that the host chooses: as stored, UUIDs with hyphens, or a column of the users', async () => {
    source = await DotTables.create('mariadb', { users: 'uuid' });
    const id = '0299ee86ad07425b844bb2be1fabf5d9';
    await source.knex('auth_user').insert({ id, username: 'alice' });
    const owner = async (clientId: string, ...options: string[]) => {
      await source.application({ client_id: clientId, user_id: id });
      await target.import(source.url, ...options);
      return (await find(clientId))?.userId;
    };
    expect(await owner('a')).toBe(id);
    expect(await owner('b', '--user-ids', 'uuid')).toBe('0299ee86-ad07-425b-844b-b2be1fabf5d9');
    expect(await owner('c', '--user-id-column', 'auth_user.username', '--limit-owners')).toBe('alice');
    expect((await find('c'))?.registeredBy).toBe('owner');
    await source.application({ client_id: 'd', user_id: 'f'.repeat(32), client_secret: djangoHash('s') });
    const report = await target.import(source.url, '--user-id-column', 'auth_user.username');
    expect(byReason(report.differences)).toEqual({ owner_left_out: ['d'] });
    const refused = await target.run(source.url, '--user-id-column', 'auth_user.nickname');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--user-id-column')]);
  });

  test('[IM-7] a source that cannot be read, or has no such tables, is named', async () => {
    source = await DotTables.create('mariadb', { prefix: 'shop_' });
    const missing = await target.run(source.url, '--json');
    expect([missing.code, objectOf(missing.stderr)]).toEqual([
      1,
      { error: 'source_unusable', error_description: expect.stringContaining('oauth2_provider_application') },
    ]);
    await source.application({ client_id: 'a' });
    expect((await target.import(source.url, '--table-prefix', 'shop_')).counts.applications).toMatchObject({
      imported: 1,
    });
    const tables = 'application=shop_application,accesstoken=shop_accesstoken,refreshtoken=shop_refreshtoken';
    expect((await target.import(source.url, '--tables', tables)).counts.applications).toMatchObject({ present: 1 });
    const away = await target.run('mysql://nobody:secret@127.0.0.1:1/django', '--json');
    expect([away.code, objectOf(away.stderr).error]).toEqual([3, 'temporarily_unavailable']);
    expect(away.stderr).not.toContain('secret');
    expect((await target.run('ftp://nobody:secret@x/y')).stderr).not.toContain('secret');
    expect((await target.run('')).code).toBe(2);
    expect((await target.run(`sqlite:/nonexistent/django.sqlite`)).code).toBe(3);
  });
});
