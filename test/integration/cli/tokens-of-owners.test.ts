import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { objectOf, resultOf, runCli } from '../../support/cli/run-cli.js';
import { type FreshDatabase, freshDatabase } from '../../support/services.js';

interface Listed {
  readonly token_hash: string;
  readonly kind: string;
  readonly state: string;
  readonly user_id: string | null;
}

describe.each(['sqlite', 'mariadb'] as const)('the tokens of a user or an application, %s', (kind) => {
  let database: FreshDatabase;
  let server: OAuth2;
  let env: Record<string, string>;

  beforeAll(async () => {
    database = await freshDatabase(kind);
    env = { DATABASE_URL: database.url };
    server = createOAuth2({ database: database.url });
    await server.migrate();
    for (const clientId of ['shop', 'reader']) {
      await server.applications.create({ clientId, name: clientId, grantTypes: ['client_credentials'] });
    }
    for (const [application, user, lifetimeSeconds] of [
      ['shop', 'ann', 3600],
      ['reader', 'ann', 3600],
      ['reader', 'bob', 3600],
      ['reader', 'ann', -1],
      ['reader', 'ann ', 3600],
    ] as const) {
      await server.tokens.issue({ application, user, scope: 'read', lifetimeSeconds });
    }
  });

  afterAll(async () => {
    await server?.close();
    await database?.drop();
  });

  const call = (...args: string[]) => runCli(['tokens', ...args, '--json'], { env });
  const listed = async (...args: string[]) => resultOf(await call('list', ...args)).tokens as Listed[];

  test('are listed, newest first, with their state and without the token', async () => {
    const tokens = await listed('--user', 'ann');
    expect(tokens.map(({ state }) => state)).toEqual(['expired', 'live', 'live']);
    expect(tokens[2]).toEqual({
      kind: 'access',
      token_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      state: 'live',
      client_id: 'shop',
      user_id: 'ann',
      scope: 'read',
      issued_at: expect.stringMatching(/Z$/),
      expires_at: expect.stringMatching(/Z$/),
    });
    expect(await listed('--client', 'shop')).toHaveLength(1);
    expect(await listed('--client', 'reader', '--user', 'bob')).toHaveLength(1);
    expect(await listed('--client', 'nobody')).toEqual([]);
  });

  test('are listed a page at a time', async () => {
    const all = await listed('--client', 'reader');
    const pages: string[] = [];
    for (let next: string | null | undefined; next !== null; ) {
      const page = resultOf(
        await call('list', '--client', 'reader', '--limit', '2', ...(next === undefined ? [] : ['--after', next])),
      );
      pages.push(...(page.tokens as Listed[]).map(({ token_hash }) => token_hash));
      next = page.next as string | null;
    }
    expect(pages).toEqual(all.map(({ token_hash }) => token_hash));
    const people = await runCli(['tokens', 'list', '--client', 'reader', '--limit', '1'], { env });
    expect(people.stdout).toMatch(
      /^SHA-256 +KIND +STATE +CLIENT_ID +USER +SCOPE +EXPIRES\n[0-9a-f]{12} +access +live +/,
    );
    expect(people.stderr).toMatch(/^There are more: --after a\d+\n$/);
  });

  test('are revoked after confirmation only, and no others', async () => {
    const { code, stdout, stderr } = await call('revoke', '--user', 'ann');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(objectOf(stderr)).toEqual({
      error: 'not_confirmed',
      error_description:
        'nothing is revoked without --yes; Revoke all live tokens of the user "ann", and sign the browsers of the user out?',
    });
    expect(resultOf(await call('revoke', '--user', 'ann', '--client', 'shop', '--yes'))).toEqual({ revoked: 1 });
    expect(resultOf(await call('revoke', '--user', 'ann', '--yes'))).toEqual({ revoked: 1 });
    expect((await listed('--user', 'ann')).map(({ state }) => state)).toEqual(['expired', 'revoked', 'revoked']);
    expect((await listed('--user', 'ann ')).map(({ state }) => state)).toEqual(['live']);
    const rest = await runCli(['tokens', 'revoke', '--client', 'reader', '--yes'], { env });
    expect([rest.code, rest.stdout]).toEqual([0, 'Revoked: 2 tokens.\n']);
  });

  test('of an application that is not there are an error', async () => {
    expect((await call('revoke', '--client', 'nobody', '--yes')).code).toBe(1);
  });

  test('applications are listed a page at a time too, newest first', async () => {
    const page = async (...args: string[]) =>
      resultOf(await runCli(['applications', 'list', ...args, '--json'], { env })) as {
        readonly applications: readonly { readonly client_id: string }[];
        readonly next: string | null;
      };
    const first = await page('--limit', '1');
    expect([first.applications.map((one) => one.client_id), first.next]).toEqual([['reader'], 'reader']);
    const second = await page('--limit', '1', '--after', 'reader');
    expect([second.applications.map((one) => one.client_id), second.next]).toEqual([['shop'], null]);
    expect((await page('--name', 'SHO')).applications).toHaveLength(1);
    expect((await page('--owner', 'ann')).applications).toEqual([]);
    const unknown = await runCli(['applications', 'list', '--after', 'nobody', '--json'], { env });
    expect([unknown.code, objectOf(unknown.stderr).error]).toEqual([1, 'invalid_client']);
  });

  test('an application is deleted after confirmation only', async () => {
    const refused = await runCli(['applications', 'delete', 'shop', '--json'], { env });
    expect([refused.code, objectOf(refused.stderr).error]).toEqual([1, 'not_confirmed']);
    expect(await server.applications.findByClientId('shop')).toBeDefined();
  });

  test.each([
    [['revoke']],
    [['revoke', 'x'.repeat(43), '--user', 'ann']],
    [['list']],
    [['list', '--user', 'ann', '--limit', '1000']],
    [['list', '--user', 'ann', '--after', 'x']],
    [['list', '--user', 'ann', '--after', 'a1.a2']],
  ])('wrong usage: %j', async (args) => {
    expect((await call(...args)).code).toBe(2);
  });
});
