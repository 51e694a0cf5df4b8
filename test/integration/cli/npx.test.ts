import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { resultOf, runProcess } from '../../support/cli/run-cli.js';
import { type FreshDatabase, freshDatabase } from '../../support/services.js';

describe('npx rc-oauth2, in the package’s own folder', () => {
  let database: FreshDatabase;
  let cache: string;

  beforeAll(async () => {
    database = await freshDatabase('sqlite');
    cache = await mkdtemp(join(tmpdir(), 'oauth2-test-npx-'));
  });

  afterAll(async () => {
    await database?.drop();
    await rm(cache, { recursive: true, force: true });
  });

  /** With an empty cache and no registry: what npx runs can only be what this folder holds. */
  function npx(...args: string[]) {
    return runProcess('npx', ['rc-oauth2', ...args], {
      env: {
        DATABASE_URL: database.url,
        npm_config_cache: cache,
        npm_config_registry: 'http://127.0.0.1:9/',
        npm_config_update_notifier: 'false',
      },
    });
  }

  test('finds this package’s command and hands all arguments on, those with hyphens too', async () => {
    expect(resultOf(await npx('migrate', '--json'))).toHaveProperty('applied');
    const created = resultOf(
      await npx(
        'applications',
        'create',
        '--name',
        'demo',
        '--grants',
        'client_credentials',
        '--scopes',
        'read write',
        '--json',
      ),
    );
    const client = String(created.client_id);
    const issued = resultOf(
      await npx(
        'tokens',
        'issue',
        '--client',
        client,
        '--user',
        'alice',
        '--scope',
        'read',
        '--lifetime',
        '-60',
        '--json',
      ),
    );
    expect(issued).toMatchObject({ token_type: 'Bearer', expires_in: -60, scope: 'read' });
    expect(resultOf(await npx('tokens', 'inspect', '-abc', '--json'))).toEqual({ active: false });
    expect(resultOf(await npx('tokens', 'revoke', String(issued.access_token), '--json'))).toEqual({ revoked: true });
  });
});
