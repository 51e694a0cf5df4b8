import type { ChildProcess } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../src/core/digest.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { resultOf, runCliProcess } from '../../support/cli/run-cli.js';
import { dotDump } from '../../support/django/dot-dump.js';
import { DotTables, type DotVersion } from '../../support/django/dot-tables.js';
import {
  countsByReason,
  type DjangoReport,
  importDjango,
  namesByReason,
  runDjangoImport,
} from '../../support/django/import.js';
import { type DatabaseKind, databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

const HOUR = 3_600_000;
const FAMILY = '0299ee86ad07425b844bb2be1fabf5d9';

/** What tokens are imported into. */
class Target {
  private constructor(
    private readonly database: FreshDatabase,
    readonly oauth2: OAuth2,
  ) {}

  static async create(kind: DatabaseKind): Promise<Target> {
    const database = await freshDatabase(kind);
    // It runs before the import, of which others learn from the database.
    const oauth2 = createOAuth2({ database: database.url, opaqueTokens: { unchecked: 'accept' } });
    await oauth2.migrate();
    return new Target(database, oauth2);
  }

  get url(): string {
    return this.database.url;
  }

  /** Whether the access tokens are active, by their text. */
  async active(...tokens: string[]): Promise<boolean[]> {
    return Promise.all(tokens.map(async (token) => (await this.oauth2.tokens.inspect(token)).active));
  }

  async accessToken(token: string) {
    return this.oauth2.models.AccessToken.query().where('token_hash', sha256(token)).first();
  }

  async refreshToken(token: string) {
    return this.oauth2.models.RefreshToken.query().where('token_hash', sha256(token)).first();
  }

  grants() {
    return this.oauth2.models.ServerRecord.query().where('kind', 'Grant').orderBy('id');
  }

  async count(model: 'AccessToken' | 'RefreshToken' | 'Consent'): Promise<number> {
    const { tableName } = this.oauth2.models[model];
    const [row] = await this.oauth2.knex(tableName).count({ rows: '*' });
    return Number(row?.rows);
  }

  async close(): Promise<void> {
    await this.oauth2.close();
    await this.database.drop();
  }
}

let source: DotTables;
let target: Target;

afterEach(async () => {
  await target?.close();
  await source?.drop();
});

const bring = (...options: string[]): Promise<DjangoReport> => importDjango(source.url, target.url, ...options);

/** The application with the key 1. */
const addApplication = (row: object = {}) =>
  source.application({
    ...{ client_id: 'shop', client_secret: 'x', hash_client_secret: false },
    ...{ authorization_grant_type: 'authorization-code', redirect_uris: 'https://a.example/cb' },
    ...row,
  });

/** An access token with its refresh token, with the same key. */
async function addPair(id: number, row: { access?: object; refresh?: object } = {}): Promise<void> {
  const common = { id, application_id: 1, user_id: id };
  await source.accessToken({ token: `at-${id}`, ...common, ...row.access });
  await source.refreshToken({ token: `rt-${id}`, ...common, access_token_id: id, ...row.refresh });
}

const SOURCES = databaseKinds().flatMap((kind) =>
  (['3.0', '3.4', 'newest'] as const).map((version) => [kind, version] as const),
);

describe.each(SOURCES)('tokens of a Django project on %s, version %s', (kind, version: DotVersion) => {
  beforeEach(async () => {
    source = await DotTables.create(kind, { version });
    target = await Target.create('sqlite');
    await addApplication();
  });

  test('[IM-8] come by their digest, with times, owners and families', async () => {
    await addPair(1, { access: { token: 'tökén 📚', scope: ' read  write ' } });
    await source.accessToken({ id: 2, token: 'own', application_id: 1 });
    await source.accessToken({ id: 3, token: 'late', application_id: 1, expires: source.time(Date.now() - 1000) });
    const report = await bring('--refresh-lifetime', '2h');
    expect(report.counts).toMatchObject({
      access_tokens: { read: 3, imported: 2, left_out: 1 },
      refresh_tokens: { read: 1, imported: 1, left_out: 0 },
    });
    const accessToken = await target.accessToken('tökén 📚');
    const refreshToken = await target.refreshToken('rt-1');
    expect(accessToken).toMatchObject({
      userId: '1',
      scope: 'read write',
      audience: null,
      revokedAtMilliseconds: null,
    });
    expect((accessToken?.expiresAtMilliseconds ?? 0) - Date.now()).toBeGreaterThan(HOUR - 60_000);
    expect((accessToken?.expiresAtMilliseconds ?? 0) - Date.now()).toBeLessThanOrEqual(HOUR);
    expect(refreshToken).toMatchObject({ userId: '1', scope: 'read write', accessTokenId: accessToken?.id });
    expect((refreshToken?.expiresAtMilliseconds ?? 0) - Date.now()).toBeGreaterThan(2 * HOUR - 60_000);
    expect(refreshToken?.familyId).toBe(accessToken?.familyId);
    expect((await target.grants()).map(({ familyId }) => familyId)).toEqual([accessToken?.familyId]);
    expect(await target.accessToken('own')).toMatchObject({ userId: null, familyId: null });
  });
});

describe.each(databaseKinds())('a project without USE_TZ on %s', (kind) => {
  const ZONE = 'America/Chicago';
  /** What its clocks show; Django stores moments on PostgreSQL all the same. */
  const stored = (milliseconds: number) =>
    kind === 'postgres'
      ? source.time(milliseconds)
      : `${new Date(milliseconds).toLocaleString('sv-SE', { timeZone: ZONE })}.000`;

  beforeEach(async () => {
    source = await DotTables.create(kind);
    target = await Target.create('sqlite');
    await addApplication();
  });

  test('[IM-8] times are those of the zone that is given', async () => {
    const inAnHour = Math.floor(Date.now() / 1000) * 1000 + HOUR;
    await source.accessToken({ id: 1, token: 'good', application_id: 1, expires: stored(inAnHour) });
    await source.accessToken({ id: 2, token: 'late', application_id: 1, expires: stored(inAnHour - 2 * HOUR) });
    const { counts } = await bring('--time-zone', ZONE);
    expect(counts).toMatchObject({ access_tokens: { read: 2, imported: 1, left_out: 1 } });
    expect((await target.accessToken('good'))?.expiresAtMilliseconds).toBe(inAnHour);
  });

  test('[IM-4] an unknown zone is a wrong usage', async () => {
    const { code, stderr } = await runDjangoImport(source.url, target.url, '--time-zone', 'Chicago');
    expect(code).toBe(2);
    expect(stderr).toContain('Give a name of the IANA database');
  });
});

describe('rows of strangers', () => {
  beforeEach(async () => {
    source = await DotTables.create('mariadb');
    target = await Target.create('mariadb');
    await addApplication();
  });

  test('[IM-4] what cannot be kept within its bounds is left out', async () => {
    const good = { application_id: 1, user_id: 1 };
    await source.accessToken({ ...good, token: 'no application', application_id: 99 });
    await source.accessToken({ ...good, token: 'nobody', application_id: null, user_id: null });
    await source.accessToken({ ...good, token: 'no list', resource: '{"a":1}' });
    await source.accessToken({ ...good, token: 'no json', resource: '["https://a' });
    await source.accessToken({ ...good, token: 'numbers', resource: '[1]' });
    await source.accessToken({
      ...good,
      token: 'long',
      scope: Array.from({ length: 9_000 }, (_, i) => `scope${i}`).join(' '),
    });
    await source.accessToken({ ...good, token: 'registration', scope: 'oauth2_provider:registration' });
    await source.accessToken({ ...good, token: 'no digest', token_checksum: 'zz' });
    await source.knex(source.name('accesstoken')).where('token', 'no digest').update({ token: '' });
    await source.accessToken({ ...good, token: 'recomputed', token_checksum: '' });
    await source.accessToken({ ...good, token: 'scopes', scope: 'read \u001b[31m wri"te \u202e' });
    await source.accessToken({ ...good, token: 'bounded', resource: '["https://a.example","https://b.example"]' });
    await source.accessToken({ ...good, token: 'x'.repeat(5_000), scope: '' });
    const report = await bring();
    expect(countsByReason(report.left_out, 'access_tokens')).toEqual({
      ...{ no_application: 1, nobody: 1, unreadable_resource: 3, oversized: 1, registration_token: 1, no_digest: 1 },
    });
    expect(report.counts.access_tokens).toMatchObject({ imported: 4 });
    expect(countsByReason(report.differences, 'access_tokens')).toEqual({ scope_left_out: 1 });
    expect((await target.accessToken('scopes'))?.scope).toBe('read');
    expect((await target.accessToken('bounded'))?.audience).toBe('["https://a.example","https://b.example"]');
    expect(await target.active('recomputed', 'x'.repeat(5_000), 'no list', 'no application')).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test('[IM-4] no user can end an import by storing a lot', async () => {
    const scope = (from: number) => Array.from({ length: 5_000 }, (_, index) => `scope-${from + index}`).join(' ');
    const many = JSON.stringify(Array.from({ length: 51 }, (_, index) => `https://${index}.example`));
    for (const id of [1, 2, 3]) {
      const access = { user_id: 1, scope: scope(id * 5_000) };
      await addPair(id, { access, refresh: { user_id: 1, token_family: FAMILY } });
    }
    await addPair(4, { refresh: { resource: many } });
    await addPair(5, { access: { token: 'big', scope: 'x'.repeat(3_000_000) } });
    await addPair(6, { access: { resource: `["${'r'.repeat(200_000)}"]` } });
    await source.knex(source.name('application')).insert({
      ...(await source.knex(source.name('application')).first()),
      ...{ id: 9, client_id: 'big', redirect_uris: `https://a.example/${'x'.repeat(200_000)}` },
    });
    const report = await bring('--batch-size', '2');
    expect(countsByReason(report.left_out, 'applications')).toEqual({ oversized: 1 });
    expect(countsByReason(report.left_out, 'access_tokens')).toEqual({ oversized: 2 });
    expect(report.left_out).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: 'refresh_tokens', reason: 'oversized', count: 2 })]),
    );
    expect(await target.active('at-1', 'at-2', 'at-3', 'at-4', 'big', 'at-6')).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
    const consents = await target.oauth2.models.Consent.query().where('user_id', '1');
    expect(consents.map((consent) => consent.scope.split(' ').length)).toEqual([5_000]);
  });

  test('[IM-4] users whose names would be mistaken for others do not come', async () => {
    const names = ['alice', ' alice', 'alice ', 'al\u202eice', '', 'x'.repeat(150)];
    for (const [index, username] of names.entries()) {
      await source.knex('auth_user').insert({ id: index + 1, username });
      await addPair(index + 1);
    }
    await addPair(7);
    const report = await bring('--user-id-column', 'auth_user.username');
    expect(countsByReason(report.left_out, 'access_tokens')).toEqual({ no_user: 5 });
    const rows = await target.oauth2.models.AccessToken.query().orderBy('id');
    expect(rows.map(({ userId }) => userId)).toEqual(['alice', 'x'.repeat(150)]);
  });

  test('[IM-9] a family belongs to one user and application, and one that is dead does not come', async () => {
    await addApplication({ client_id: 'other' });
    await addPair(1, { refresh: { token_family: FAMILY } });
    await addPair(2, { refresh: { token_family: FAMILY, user_id: 1 }, access: { scope: 'write' } });
    await addPair(3, { refresh: { token_family: FAMILY } });
    await addPair(4, { refresh: { token_family: FAMILY, user_id: 1, application_id: 2 } });
    const revoked = source.time(Date.now() - HOUR);
    await source.refreshToken({ token: 'spent', application_id: 1, user_id: 1, token_family: FAMILY, revoked });
    await source.refreshToken({ token: 'foreign', application_id: 1, user_id: 9, token_family: FAMILY, revoked });
    await source.refreshToken({ token: 'dead', application_id: 1, user_id: 1, token_family: 'f'.repeat(32), revoked });
    await source.refreshToken({ token: 'alone', application_id: 1, user_id: 1, revoked });
    for (const size of ['500', '1']) {
      const report = await bring('--batch-size', size);
      expect(countsByReason(report.left_out, 'refresh_tokens')).toEqual({ foreign_family: 2 });
      expect(countsByReason(report.left_out, 'spent_refresh_tokens')).toEqual({ foreign_family: 1, no_live_family: 2 });
    }
    const [grant, ...more] = await target.grants();
    expect([more, JSON.parse(grant?.payload ?? '').openid]).toEqual([[], { scope: 'read write' }]);
    expect(await target.refreshToken('spent')).toMatchObject({
      rotatedAtMilliseconds: expect.any(Number),
      ...{ revokedAtMilliseconds: null, successorSalt: null },
    });
  });

  test('[IM-8] a token that is there twice comes once', async () => {
    await addPair(1, { refresh: { token: 'same' } });
    await addPair(2, { refresh: { token: 'same' } });
    await source.refreshToken({ token: 'same', application_id: 1, user_id: 1, revoked: source.time(Date.now()) });
    for (const [size, imported] of [
      ['500', 1],
      ['1', 0],
    ] as const) {
      const { counts } = await bring('--batch-size', size);
      expect(counts).toMatchObject({ refresh_tokens: { imported, present: 2 - imported } });
      expect(await target.refreshToken('same')).toMatchObject({ rotatedAtMilliseconds: null });
    }
  });
});

test('[IM-5] a dry run reports what a run of the whole dump would do', async () => {
  const dump = await dotDump();
  target = await Target.create('mariadb');
  try {
    const dry = await importDjango(dump.url, target.url, '--dry-run');
    expect([
      await target.count('AccessToken'),
      await target.count('RefreshToken'),
      await target.count('Consent'),
    ]).toEqual([0, 0, 0]);
    const { dry_run: _, ...reported } = await importDjango(dump.url, target.url);
    expect(dry).toEqual({ dry_run: true, ...reported });
  } finally {
    await dump.drop();
  }
});

describe.each(databaseKinds())('an import into %s', (kind) => {
  beforeEach(async () => {
    source = await DotTables.create('mariadb');
    target = await Target.create(kind);
    await addApplication();
  });

  test('[IM-10] consents are implied by live tokens, with those of applications that do not ask apart', async () => {
    await addApplication({ client_id: 'trusted', skip_authorization: true });
    await addPair(1);
    await source.accessToken({ token: 'more', application_id: 1, user_id: 1, scope: 'write' });
    await source.accessToken({ token: 'late', application_id: 1, user_id: 1, scope: 'x', expires: source.time(1) });
    await source.accessToken({ token: 'quiet', application_id: 2, user_id: 1, scope: 'read' });
    expect((await bring('--batch-size', '1')).counts.consents).toMatchObject({ imported: 2, updated: 1 });
    const { Consent } = target.oauth2.models;
    expect(await Consent.query().orderBy('id')).toMatchObject([
      { userId: '1', scope: 'read write', unaskedScope: null },
      { userId: '1', scope: '', unaskedScope: 'read' },
    ]);
    await target.oauth2.tokens.revokeAllOf({ user: '1' });
    await Consent.query().delete();
    await bring();
    expect(await target.count('Consent')).toBe(0);
  });

  test('[IM-11] what was revoked here is not revived, nor does its family get new tokens', async () => {
    await addPair(1, { refresh: { token_family: FAMILY } });
    await addPair(2);
    await bring();
    await target.oauth2.tokens.revokeByHash(sha256('rt-1'));
    await target.oauth2.tokens.revoke('at-2');
    await addPair(3, { refresh: { token_family: FAMILY, user_id: 1 }, access: { user_id: 1 } });
    const report = await bring();
    expect(countsByReason(report.left_out, 'refresh_tokens')).toEqual({ revoked_here: 1 });
    expect(countsByReason(report.left_out, 'access_tokens')).toEqual({ revoked_here: 1 });
    expect(await target.active('at-1', 'at-2', 'at-3')).toEqual([false, false, false]);
    expect([await target.refreshToken('rt-3'), (await target.refreshToken('rt-1'))?.isRevoked()]).toEqual([
      undefined,
      true,
    ]);
  });

  test('[IM-12] what was used or revoked there between two imports is so here', async () => {
    await addPair(1, { refresh: { token_family: FAMILY } });
    await addPair(2);
    await addPair(3);
    await bring();
    // A refresh: the token is revoked, its access token deleted, and there is a new pair.
    await source
      .knex(source.name('refreshtoken'))
      .where('id', 1)
      .update({ revoked: source.time(Date.now()), access_token_id: null });
    await source.knex(source.name('accesstoken')).where('id', 1).delete();
    await addPair(4, {
      refresh: { token_family: FAMILY, user_id: 1 },
      access: { user_id: 1, source_refresh_token_id: 1 },
    });
    // An access token that is revoked is deleted, and one that is refreshed without rotation is replaced.
    await source.knex(source.name('accesstoken')).where('id', 2).delete();
    const replaced = { token: 'replaced', token_checksum: sha256('replaced').toString('hex') };
    await source.knex(source.name('accesstoken')).where('id', 3).update(replaced);
    const report = await bring();
    expect(report.counts).toMatchObject({
      access_tokens: { imported: 2 },
      refresh_tokens: { imported: 1, present: 1, left_out: 1 },
      spent_refresh_tokens: { updated: 1 },
    });
    expect(namesByReason(report.differences)).toMatchObject({ revoked_at_source: ['shop'], gone_at_source: [] });
    expect(await target.active('at-1', 'at-2', 'at-3', 'replaced', 'at-4')).toEqual([false, true, true, true, true]);
    expect((await target.refreshToken('rt-1'))?.rotatedAtMilliseconds).toEqual(expect.any(Number));
    const revoking = await bring('--revoke-missing');
    expect(countsByReason(revoking.differences, 'access_tokens')).toEqual({ revoked_as_gone: 2 });
    expect(await target.active('at-1', 'at-2', 'at-3', 'replaced', 'at-4')).toEqual([false, false, false, true, true]);
  });

  const ROWS = 400;

  async function fill(): Promise<void> {
    const knex = source.knex;
    const now = source.time(Date.now());
    const rows = (prefix: string) =>
      Array.from({ length: ROWS }, (_, index) => ({
        ...{
          id: index + 1,
          token: `${prefix}-${index + 1}`,
          token_checksum: sha256(`${prefix}-${index + 1}`).toString('hex'),
        },
        ...{ application_id: 1, user_id: (index % 7) + 1, created: now, updated: now, resource: '[]' },
      }));
    const expires = source.time(Date.now() + HOUR);
    await knex(source.name('accesstoken')).insert(rows('at').map((row) => ({ ...row, expires, scope: 'read' })));
    await knex(source.name('refreshtoken')).insert(rows('rt').map((row) => ({ ...row, access_token_id: row.id })));
  }

  async function expectWhole(): Promise<void> {
    expect([await target.count('AccessToken'), await target.count('RefreshToken')]).toEqual([ROWS, ROWS]);
    expect(await target.grants()).toHaveLength(ROWS);
    expect(await target.count('Consent')).toBe(7);
  }

  test('[IM-11] killed between two batches, it has written nothing by halves, and is completed by another run', async () => {
    await fill();
    const options = ['import', 'django', '--from', source.url, '--batch-size', '3'];
    const env = { DATABASE_URL: target.url };
    let child: ChildProcess | undefined;
    const killed = runCliProcess(options, { env, onStart: (started) => (child = started) });
    // In the middle of the refresh tokens, which are stored with their grants.
    while ((await target.count('RefreshToken')) < 20 && child?.exitCode === null) await new Promise(setImmediate);
    child?.kill('SIGKILL');
    expect((await killed).signal).toBe('SIGKILL');
    const stored = await target.count('RefreshToken');
    expect(stored).toBeGreaterThanOrEqual(20);
    expect(stored).toBeLessThan(ROWS);
    expect(stored % 3).toBe(0);
    expect(await target.grants()).toHaveLength(stored);
    const { counts } = await bring();
    expect(counts).toMatchObject({
      access_tokens: { imported: 0, present: ROWS },
      refresh_tokens: { imported: ROWS - stored, present: stored },
    });
    await expectWhole();
  });

  test('[IM-11] two at once store everything once', async () => {
    await fill();
    const run = () =>
      runCliProcess(['import', 'django', '--from', source.url, '--json'], { env: { DATABASE_URL: target.url } });
    const reports = (await Promise.all([run(), run()])).map((one) => resultOf(one) as unknown as DjangoReport);
    await expectWhole();
    for (const model of ['access_tokens', 'refresh_tokens', 'applications']) {
      const imported = reports.reduce((sum, { counts }) => sum + (counts[model]?.imported ?? 0), 0);
      expect(imported).toBe(model === 'applications' ? 1 : ROWS);
    }
  });
});

describe('a person at the terminal', () => {
  beforeEach(async () => {
    source = await DotTables.create('mariadb');
    target = await Target.create('sqlite');
    await addApplication();
    for (let id = 1; id <= 30; id += 1) await addPair(id);
  });

  test('[IM-11] SIGINT ends it after the batch, with a report', async () => {
    const finished = await runCliProcess(['import', 'django', '--from', source.url, '--batch-size', '1'], {
      env: { DATABASE_URL: target.url },
      onStart: (child) => child.stderr?.once('data', () => child.kill('SIGINT')),
    });
    expect([finished.code, finished.stderr]).toEqual([
      130,
      expect.stringContaining('interrupted; run it again for the rest.'),
    ]);
    expect(finished.stdout).toMatch(/^ +read +imported/);
    expect((await bring()).counts).toMatchObject({ access_tokens: { read: 30 } });
    expect(await target.count('RefreshToken')).toBe(30);
  });

  test('[IM-8] pages follow the numbers of the keys, whatever the size of a batch', async () => {
    const { counts } = await bring('--batch-size', '4');
    expect(counts).toMatchObject({
      access_tokens: { read: 30, imported: 30 },
      refresh_tokens: { read: 30, imported: 30 },
    });
  });

  test('[IM-8] progress is shown on stderr, as lines where it is no terminal', async () => {
    const { stdout, stderr } = await runDjangoImport(source.url, target.url);
    expect(stderr).toMatch(/^(\d+ of 91 rows read\n)*91 of 91 rows read\n$/);
    expect(stdout).toMatch(/^access tokens +30 +30 +0 +0 +0$/m);
  });
});
