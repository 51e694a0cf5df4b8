import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CLI, resultOf, runCli, runProcess } from '../../support/cli/run-cli.js';
import { type FreshDatabase, freshDatabase } from '../../support/services.js';

describe('without --json', () => {
  let database: FreshDatabase;
  let env: Record<string, string>;

  beforeAll(async () => {
    database = await freshDatabase('sqlite');
    env = { DATABASE_URL: database.url };
  });

  afterAll(() => database?.drop());

  test('migrate tells what it does, and that there is nothing more to do', async () => {
    const before = await runCli(['migrate', '--status'], { env });
    expect(before.stdout).toMatch(/^(pending {2}\S+\n)+$/);
    const first = await runCli(['migrate'], { env });
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^(applied {2}\S+\n)+$/);
    expect(await runCli(['migrate'], { env })).toMatchObject({ code: 0, stdout: 'Already up to date.\n', stderr: '' });
    expect((await runCli(['migrate', '--status'], { env })).stdout).toBe(first.stdout);
  });

  test('a secret comes with a note on stderr that it is shown once', async () => {
    const { stdout, stderr, code } = await runCli(['applications', 'create', '--name', 'for people'], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^client_id +[\w-]{22}\nclient_secret +[\w-]{43}\nclient_name +for people\n/);
    expect(stdout).toMatch(/\nscope +\(any\)\n/);
    expect(stderr).toMatch(/not shown again/);
  });

  test('applications are listed in columns', async () => {
    const { stdout } = await runCli(['applications', 'list'], { env });
    expect(stdout).toMatch(
      /^CLIENT_ID +NAME +TYPE +GRANTS +SCOPE +STATE\n[\w-]{22} +for people +confidential +client_credentials +\(any\) +enabled\n$/,
    );
  });

  test('a token is issued, inspected with readable times, and revoked', async () => {
    const { applications } = resultOf(await runCli(['applications', 'list', '--json'], { env }));
    const [{ client_id }] = applications as [{ client_id: string }];
    const issued = await runCli(['tokens', 'issue', '--client', client_id, '--scope', 'read'], { env });
    const token = /^access_token +(rco_[\w-]{51})\ntoken_type +Bearer\nexpires_in +3600\nscope +read\n$/.exec(
      issued.stdout,
    )?.[1];
    expect(token).toBeDefined();
    const inspected = await runCli(['tokens', 'inspect', String(token)], { env });
    expect(inspected.stdout).toMatch(/^active +true\n/);
    expect(inspected.stdout).toMatch(/\nexp +\d+ \(\d{4}-\d\d-\d\dT.*Z\)\n/);
    expect(await runCli(['tokens', 'revoke', String(token)], { env })).toMatchObject({ code: 0, stdout: 'Revoked.\n' });
    expect((await runCli(['tokens', 'revoke', String(token)], { env })).stdout).toMatch(/^Nothing to revoke/);
  });

  test('migrate --rollback takes the last batch back, and says when there is none', async () => {
    const rolledBack = await runCli(['migrate', '--rollback', '--yes', '--json'], { env });
    expect(resultOf(rolledBack)).toMatchObject({ rolled_back: expect.arrayContaining([expect.any(String)]) });
    expect(resultOf(await runCli(['migrate', '--status', '--json'], { env }))).toMatchObject({ applied: [] });
    expect((await runCli(['migrate', '--rollback'], { env })).stdout).toBe('Nothing to roll back.\n');
  });
});

describe('help', () => {
  test.each([
    ['--help'],
    ['migrate', '--help'],
    ['applications', '--help'],
    ['applications', 'create', '--help'],
    ['applications', 'list', '--help'],
    ['applications', 'delete', '-h'],
    ['tokens', 'issue', '--help'],
    ['tokens', 'inspect', '--help'],
    ['tokens', 'revoke', '-h'],
    ['tokens', 'clear-expired', '--help'],
    ['routes', '--help'],
    ['help', 'tokens'],
  ])('%s %s %s is on stdout, with the global options and the exit codes', async (...args) => {
    const { code, stdout, stderr } = await runCli(args.filter((arg) => arg !== undefined));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const text of [
      '--database <url>',
      '--redis <url>',
      '--json',
      'DATABASE_URL',
      'REDIS_URL',
      'Exit codes:',
      '  130 ',
    ]) {
      expect(stdout).toContain(text);
    }
  });

  test('--version is the version of the package', async () => {
    expect((await runCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });

  test.each([[[]], [['tokens']], [['applications']]])(
    '%j names no command: the help is on stderr, exit code 2',
    async (args) => {
      const { code, stdout, stderr } = await runCli(args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain('Usage: rc-oauth2');
      expect(stderr).toMatch(/\nrc-oauth2: no command given; see rc-oauth2 --help\.\n$/);
    },
  );
});

describe('a reader who leaves', () => {
  test('ends the output, not the command', async () => {
    const script = `${process.execPath} ${CLI} --help | true; echo $\{PIPESTATUS[0]}`;
    const { stdout, stderr } = await runProcess('bash', ['-c', script]);
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
  });

  test('a result that cannot be written is a failure', async () => {
    const { stderr, code } = await runProcess('bash', ['-c', `${process.execPath} ${CLI} --version > /dev/full`]);
    expect({ stderr, code }).toEqual({
      stderr: expect.stringMatching(/^rc-oauth2: cannot write the result: .*ENOSPC/),
      code: 1,
    });
  });
});
