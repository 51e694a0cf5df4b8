import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { run } from '../../../src/cli/program.js';
import { createOAuth2 } from '../../../src/public/index.js';
import { objectOf, resultOf, runCli } from '../../support/cli/run-cli.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

describe.each(databaseKinds())('migrate --rollback on %s', (kind) => {
  let database: FreshDatabase;
  let env: Record<string, string>;

  beforeEach(async () => {
    database = await freshDatabase(kind);
    env = { DATABASE_URL: database.url };
    const oauth2 = createOAuth2({ database: database.url });
    await oauth2.migrate();
    const { application } = await oauth2.applications.create({
      name: 'demo',
      scopes: ['read'],
      grantTypes: ['client_credentials'],
    });
    for (let i = 0; i < 3; i++) await oauth2.tokens.issue({ application, scope: ['read'] });
    await oauth2.close();
  });

  afterEach(() => database.drop());

  async function rowsLeft(): Promise<number> {
    const oauth2 = createOAuth2({ database: database.url });
    try {
      if ((await oauth2.migrationStatus()).applied.length === 0) return 0;
      return (await oauth2.knex('oauth2_access_tokens')).length;
    } finally {
      await oauth2.close();
    }
  }

  test('where nobody can be asked, names the tables and rows that would be lost, and loses none without --yes', async () => {
    const { code, stdout, stderr } = await runCli(['migrate', '--rollback'], { env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/--yes.*oauth2_applications \(1 row\).*|--yes.*oauth2_access_tokens \(3 rows\)/);
    expect(stderr).toContain('oauth2_access_tokens (3 rows)');
    expect(await rowsLeft()).toBe(3);
  });

  test('with --json never asks: one object says what would be lost, --yes does it and says what was', async () => {
    const refused = await runCli(['migrate', '--rollback', '--json'], { env });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(objectOf(refused.stderr)).toEqual({
      error: 'not_confirmed',
      error_description: expect.stringContaining('oauth2_access_tokens (3 rows)'),
    });
    expect(await rowsLeft()).toBe(3);
    expect(resultOf(await runCli(['migrate', '--rollback', '--json', '--yes'], { env }))).toMatchObject({
      rolled_back: expect.arrayContaining(['0001_applications_and_tokens']),
      lost: { tables: expect.arrayContaining([{ name: 'oauth2_access_tokens', rows: 3 }]), columns: [] },
    });
    expect(await rowsLeft()).toBe(0);
  });

  test('names columns that go from tables that stay', async () => {
    const oauth2 = createOAuth2({ database: database.url });
    await oauth2.knex('oauth2_migrations').where('name', '>', '0003').update({ batch: 2 });
    await oauth2.knex('oauth2_applications').update({ jwks_uri: 'https://client.example/jwks' });
    await oauth2.close();
    const { stderr } = await runCli(['migrate', '--rollback'], { env });
    expect(stderr).toContain('oauth2_applications.jwks_uri (1 value)');
    expect(stderr).not.toContain('oauth2_access_tokens');
  });

  test.each([
    ['y\n', 0, 0],
    ['n\n', 1, 3],
    ['\n', 1, 3],
  ])('on a terminal asks; %j ends with exit code %i and leaves %i tokens', async (answer, exitCode, left) => {
    const terminal = () => Object.assign(new PassThrough(), { isTTY: true });
    const stdin = terminal();
    const stderr = terminal();
    let shown = '';
    stderr.on('data', (text: Buffer) => {
      shown += text.toString();
      if (shown.endsWith('[y/N] ')) stdin.write(answer);
    });
    let printed = '';
    const code = await run(['migrate', '--rollback'], {
      stdout: { write: (text: string) => (printed += text) },
      stderr: stderr as unknown as NodeJS.WriteStream,
      stdin: stdin as unknown as NodeJS.ReadStream,
      env,
    });
    expect(code).toBe(exitCode);
    expect(shown).toContain('oauth2_access_tokens (3 rows)');
    expect(printed).toMatch(exitCode === 0 ? /rolled back {2}0001/ : /^$/);
    expect(await rowsLeft()).toBe(left);
  });

  test('what was migrated while the question stood is not rolled back', async () => {
    const terminal = () => Object.assign(new PassThrough(), { isTTY: true });
    const stdin = terminal();
    const stderr = terminal();
    const oauth2 = createOAuth2({ database: database.url });
    stderr.on('data', (text: Buffer) => {
      if (!text.toString().endsWith('[y/N] ')) return;
      void oauth2
        .knex('oauth2_migrations')
        .where('name', '>', '0003')
        .update({ batch: 2 })
        .then(() => stdin.write('y\n'));
    });
    const code = await run(['migrate', '--rollback'], {
      stdout: { write: () => true },
      stderr: stderr as unknown as NodeJS.WriteStream,
      stdin: stdin as unknown as NodeJS.ReadStream,
      env,
    });
    expect(code).toBe(1);
    const applied = (await oauth2.migrationStatus()).applied.length;
    await oauth2.close();
    expect(applied).toBeGreaterThan(3);
    expect(await rowsLeft()).toBe(3);
  });
});
