import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDatabase } from '../../../src/storage/index.js';
import { objectOf, resultOf, runCli, runCliProcess } from '../../support/cli/run-cli.js';
import { freePort } from '../../support/ports.js';
import { databaseKinds, type FreshDatabase, freshDatabase, mariadbUrl } from '../../support/services.js';

describe('a refusal has exit code 1 and names the option, the value and the fix', () => {
  let database: FreshDatabase;
  let env: Record<string, string>;
  let client: string;

  beforeAll(async () => {
    database = await freshDatabase('sqlite');
    env = { DATABASE_URL: database.url };
    resultOf(await runCliProcess(['migrate', '--json'], { env }));
    const created = resultOf(
      await runCliProcess(['applications', 'create', '--name', 'demo', '--scopes', 'read write', '--json'], { env }),
    );
    client = String(created.client_id);
  });

  afterAll(() => database?.drop());

  test('unknown application', async () => {
    const { code, stdout, stderr } = await runCliProcess(['tokens', 'issue', '--client', 'nobody', '--scope', 'read'], {
      env,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^rc-oauth2: --client nobody: .*See rc-oauth2 applications list\.\n$/);
  });

  test('scope that the application may not have', async () => {
    const args = ['tokens', 'issue', `--client=${client}`, '--scope', 'read admin', '--json'];
    const { code, stdout, stderr } = await runCliProcess(args, { env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(objectOf(stderr)).toEqual({
      error: 'invalid_scope',
      error_description: expect.stringMatching(/^--scope "read admin": .* It may have "read write"\.$/),
    });
  });

  test('unknown application to delete', async () => {
    const { code, stdout, stderr } = await runCliProcess(['applications', 'delete', '-nobody'], { env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^rc-oauth2: .*-nobody.*\n$/);
  });
});

describe('a database that cannot be used has exit code 3', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'oauth2-test-cli-'));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function refused(url: string): Promise<string> {
    const { code, stdout, stderr } = await runCliProcess(['applications', 'list', '--database', url]);
    expect({ code, stdout, stderr }).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/^rc-oauth2: .*\n$/),
    });
    return stderr;
  }

  test('nobody listens', async () => {
    const port = await freePort();
    for (const url of [
      `mysql://root:hunter22@127.0.0.1:${port}/shop`,
      `postgres://root:hunter22@127.0.0.1:${port}/shop`,
    ]) {
      const stderr = await refused(url);
      expect(stderr).toContain(
        `--database (or DATABASE_URL): cannot use ${url.replace('root:hunter22@', '').replace('/shop', '')}`,
      );
      expect(stderr).toContain('ECONNREFUSED');
      expect(stderr).not.toContain('hunter22');
    }
  });

  test('the server does not let us in, or has no such database', async () => {
    const wrongUser = new URL(mariadbUrl());
    Object.assign(wrongUser, { username: 'nobody', password: 'hunter22', pathname: '/oauth2_none' });
    expect(await refused(wrongUser.href)).not.toContain('hunter22');
    const noDatabase = new URL(mariadbUrl());
    noDatabase.pathname = '/oauth2_there_is_no_such_database';
    expect(await refused(noDatabase.href)).toContain('oauth2_there_is_no_such_database');
  });

  test('an SQLite file that is not there is not created', async () => {
    const file = join(folder, 'deep', 'missing.sqlite');
    expect(await refused(`sqlite:${file}`)).toContain(`there is no file ${file}; run rc-oauth2 migrate`);
    expect(existsSync(join(folder, 'deep'))).toBe(false);
  });

  test('a file that is no database', async () => {
    const file = join(folder, 'notes.txt');
    await writeFile(file, 'These are notes and no database, whatever the extension says. '.repeat(50));
    expect(await refused(file)).toContain('file is not a database');
    expect(await refused(folder)).toContain('cannot use');
  });

  test.each(databaseKinds())('%s that is not migrated: the error says what to run', async (kind) => {
    const database = await freshDatabase(kind);
    try {
      if (kind === 'sqlite') await writeFile(database.url.replace('sqlite:', ''), '');
      for (const args of [
        ['applications', 'list'],
        ['tokens', 'inspect', 'abc'],
        ['tokens', 'clear-expired'],
      ]) {
        const { code, stdout, stderr } = await runCliProcess([...args, '--json', '--database', database.url]);
        expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
        expect(objectOf(stderr)).toEqual({
          error: 'not_migrated',
          error_description: expect.stringContaining('rc-oauth2 migrate'),
        });
      }
    } finally {
      await database.drop();
    }
  });
});

describe.each(databaseKinds().filter((kind) => kind !== 'sqlite'))('a server of %s that refuses to write', (kind) => {
  const codes: readonly (string | number)[] = kind === 'mariadb' ? [1290, 1114] : ['25006', '53100'];

  test.each(codes)('[ALL-64] with %s has exit code 3, and the reason is said without the statement', async (code) => {
    const database = await freshDatabase(kind);
    const { knex } = openDatabase(database.url);
    try {
      const env = { DATABASE_URL: database.url };
      resultOf(await runCli(['migrate', '--json'], { env }));
      if (kind === 'mariadb') {
        await knex.raw(
          `CREATE TRIGGER refuse BEFORE INSERT ON oauth2_applications FOR EACH ROW SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${code}, MESSAGE_TEXT = 'refused: --read-only'`,
        );
      } else {
        await knex.raw(
          `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused: --read-only'' USING ERRCODE = ''${code}''; END'`,
        );
        await knex.raw('CREATE TRIGGER refuse BEFORE INSERT ON oauth2_applications EXECUTE FUNCTION refuse()');
      }
      const {
        code: exitCode,
        stdout,
        stderr,
      } = await runCli(['applications', 'create', '--name', 'demo', '--json'], { env });
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      expect(objectOf(stderr)).toMatchObject({ error: 'temporarily_unavailable' });
      expect(stderr).toContain('refused: --read-only');
      expect(stderr).not.toMatch(/insert into/i);
    } finally {
      await knex.destroy();
      await database.drop();
    }
  });
});
