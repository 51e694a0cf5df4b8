import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../src/core/digest.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { CLI, objectOf, resultOf, runCli, runProcess } from '../../support/cli/run-cli.js';
import { type FreshDatabase, freshDatabase } from '../../support/services.js';

describe('tokens clear-expired', () => {
  let database: FreshDatabase;
  let env: Record<string, string>;
  let oauth2: OAuth2;
  let applicationId: number;

  beforeAll(async () => {
    database = await freshDatabase('mariadb');
    env = { DATABASE_URL: database.url };
    oauth2 = createOAuth2({ database: database.url });
    await oauth2.migrate();
    const { application } = await oauth2.applications.create({ name: 'old', grantTypes: ['client_credentials'] });
    applicationId = application.id;
  });

  afterAll(async () => {
    await oauth2?.close();
    await database?.drop();
  });

  beforeEach(async () => {
    await oauth2.knex('oauth2_access_tokens').delete();
    await addTokens(25, Date.now() - 60_000);
    await addTokens(3, Date.now() + 3_600_000);
  });

  async function addTokens(count: number, expiresAtMilliseconds: number): Promise<void> {
    const rows = Array.from({ length: count }, () => ({
      token_hash: sha256(`${Math.random()}`),
      application_id: applicationId,
      scope: 'read',
      expires_at_ms: expiresAtMilliseconds,
      created_at_ms: expiresAtMilliseconds - 60_000,
    }));
    await oauth2.knex('oauth2_access_tokens').insert(rows);
  }

  async function left(): Promise<number> {
    const [row] = await oauth2.knex('oauth2_access_tokens').count({ rows: '*' });
    return Number(row?.rows);
  }

  test('with --json prints one JSON object and no progress', async () => {
    const finished = await runCli(['tokens', 'clear-expired', '--batch-size', '10', '--pause', '0', '--json'], { env });
    expect(resultOf(finished)).toEqual({
      deleted: expect.objectContaining({ oauth2_access_tokens: 25 }),
      total: 25,
      interrupted: false,
    });
    expect(finished.stderr).toBe('');
    expect(await left()).toBe(3);
  });

  test('shows plain lines on stderr where it is no terminal', async () => {
    const { code, stdout, stderr } = await runCli(['tokens', 'clear-expired', '--batch-size=10', '--pause=0'], { env });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Deleted 25 expired rows (oauth2_access_tokens 25).\n' });
    expect(stderr).toMatch(/^(\d+ of 25 expired rows deleted\n)+$/);
    expect(stderr).toMatch(/^10 of 25 /);
    expect(stderr).toMatch(/25 of 25 expired rows deleted\n$/);
  });

  test('shows a bar on a terminal, and leaves the terminal as it was', async () => {
    const command = `${process.execPath} ${CLI} tokens clear-expired --batch-size 10 --pause 50`;
    const { code, stdout } = await runProcess('script', ['-qec', command, '/dev/null'], {
      env: { ...env, TERM: 'xterm' },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/#+\.* \d+% \| 10 of 25 rows/);
    expect(stdout).toMatch(/#{40} 100% \| 25 of 25 rows/);
    expect(stdout).toContain('Deleted 25 expired rows');
    expect(stdout).not.toContain('expired rows deleted');
    // Line wrapping was turned off for the bar, and is on again.
    expect(stdout.lastIndexOf('\u001b[?7h')).toBeGreaterThan(stdout.lastIndexOf('\u001b[?7l'));
  });

  test('with --json the terminal still shows the bar, and stdout holds JSON alone', async () => {
    const command = `${process.execPath} ${CLI} tokens clear-expired --batch-size 10 --json | cat >&3`;
    const script = `exec 3>&1; script -qec '${command}' /dev/null 3>&3 > /dev/null`;
    const { stdout } = await runProcess('bash', ['-c', script], { env });
    expect(objectOf(stdout)).toMatchObject({ total: 25, interrupted: false });
  });

  test('covers codes, sessions and the like, and signing keys, and counts each by its table', async () => {
    await oauth2.knex('oauth2_access_tokens').delete();
    const { AuthorizationCode, DeviceCode, RefreshToken, ServerRecord, SigningKey } = oauth2.models;
    for (const expiresAtMilliseconds of [Date.now() - 60_000, Date.now() + 3_600_000]) {
      const common = { applicationId, scope: 'read', expiresAtMilliseconds, createdAtMilliseconds: 1 };
      const digest = () => sha256(`${Math.random()}`);
      await AuthorizationCode.query().insert({ ...common, codeHash: digest(), userId: 'alice', familyId: 'family' });
      await DeviceCode.query().insert({ ...common, deviceCodeHash: digest(), userCodeHash: digest() });
      await RefreshToken.query().insert({
        ...common,
        tokenHash: digest(),
        familyId: 'family',
        familyExpiresAtMilliseconds: expiresAtMilliseconds,
      });
      for (const kind of ['Session', 'Interaction', 'Grant']) {
        await ServerRecord.query().insert({
          kind,
          recordHash: digest(),
          expiresAtMilliseconds,
          createdAtMilliseconds: 1,
          updatedAtMilliseconds: 1,
          payload: '{}',
        });
      }
      await SigningKey.query().insert({
        kid: `expires ${expiresAtMilliseconds}`,
        algorithm: 'RS256',
        generation: expiresAtMilliseconds > Date.now() ? 2 : 1,
        privateKeyEncrypted: Buffer.from('sealed'),
        createdAtMilliseconds: 1,
        signsFromMilliseconds: 1,
        expiresAtMilliseconds,
      });
    }
    const finished = await runCli(['tokens', 'clear-expired', '--pause', '0', '--json'], { env });
    expect(resultOf(finished)).toEqual({
      deleted: {
        oauth2_access_tokens: 0,
        oauth2_authorization_codes: 1,
        oauth2_device_codes: 1,
        oauth2_refresh_tokens: 1,
        oauth2_server_records: 3,
        oauth2_signing_keys: 1,
      },
      total: 7,
      interrupted: false,
    });
    for (const { tableName } of [AuthorizationCode, DeviceCode, RefreshToken, SigningKey]) {
      expect(await oauth2.knex(tableName).select('id')).toHaveLength(1);
    }
  });

  test('with nothing to do says so', async () => {
    await oauth2.knex('oauth2_access_tokens').delete();
    const { code, stdout, stderr } = await runCli(['tokens', 'clear-expired'], { env });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'Deleted 0 expired rows.\n', stderr: '' });
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends it after the batch, with a report and exit code %d', async (signal, exitCode) => {
    const finished = await runCli(['tokens', 'clear-expired', '--batch-size', '5', '--pause', '60000'], {
      env,
      // The first line tells that the first batch is done; the pause after it is longer than any test.
      onStart: (child) => child.stderr?.once('data', () => child.kill(signal)),
    });
    expect(finished).toEqual({
      code: exitCode,
      signal: null,
      stdout: 'Deleted 5 expired rows (oauth2_access_tokens 5).\n',
      stderr: expect.stringMatching(
        /^5 of 25 expired rows deleted\nrc-oauth2: interrupted after 5 rows; run it again for the rest\.\n$/,
      ),
    });
    expect(await left()).toBe(23);
  });

  test('interrupted on a terminal it puts the terminal in order and reports', async () => {
    const command = `${process.execPath} ${CLI} tokens clear-expired --batch-size 5 --pause 60000`;
    const { code, stdout } = await runProcess('script', ['-qec', command, '/dev/null'], {
      env: { ...env, TERM: 'xterm' },
      onStart: (child) => {
        const interrupt = (text: string) => {
          if (!text.includes('5 of 25')) return;
          child.stdout?.off('data', interrupt);
          // Ctrl-C, as typed.
          child.stdin?.write('\u0003');
        };
        child.stdout?.on('data', interrupt);
      },
    });
    expect(code).toBe(130);
    expect(stdout).toContain('interrupted after 5 rows');
    expect(stdout.lastIndexOf('\u001b[?7h')).toBeGreaterThan(stdout.lastIndexOf('\u001b[?7l'));
  });
});
