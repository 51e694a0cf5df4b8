import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { objectOf } from '../../support/cli/run-cli.js';
import { DotTables } from '../../support/django/dot-tables.js';
import { importDjango, runDjangoImport } from '../../support/django/import.js';
import { redisUrl } from '../../support/services.js';
import { useAuthorizationServer } from '../../support/spec/authorization-server.js';

@JsonController()
class Books {
  @Authorized('read')
  @Get('/read')
  read() {
    return {};
  }
}

describe('an import that is repeated beside servers that share a Redis', () => {
  const suite = useAuthorizationServer('MariaDB + Redis', {
    controllers: [Books],
    oauth2: { opaqueTokens: { unchecked: 'accept' } },
  });
  let source: DotTables;

  beforeAll(async () => {
    source = await DotTables.create('mariadb');
    await source.knex('auth_user').insert({ id: 1, username: 'alice' });
    await source.application({ client_id: 'shop', client_secret: 'x', hash_client_secret: false });
    for (const id of [1, 2]) {
      const common = { id, application_id: 1, user_id: 1 };
      await source.accessToken({ token: `at-${id}`, ...common });
      await source.refreshToken({ token: `rt-${id}`, ...common, access_token_id: id });
    }
    await importDjango(source.url, suite.server.databaseUrl, '--user-id-column', 'auth_user.username');
  });

  afterAll(() => source?.drop());

  const get = async (token: string) =>
    (await suite.send('/read', { headers: { authorization: `Bearer ${token}` } })).status;

  async function spendThere(id: number): Promise<void> {
    const revoked = source.time(Date.now());
    await source.knex(source.name('refreshtoken')).where('id', id).update({ revoked, access_token_id: null });
    await source.knex(source.name('accesstoken')).where('id', id).delete();
  }

  const again = (...options: string[]) =>
    runDjangoImport(
      source.url,
      suite.server.databaseUrl,
      ...['--user-id-column', 'auth_user.username', '--json', ...options],
    );

  test('[IM-12] what was revoked there is refused at once by servers that hold it in their caches', async () => {
    expect([await get('at-1'), await get('at-1'), await get('at-2')]).toEqual([200, 200, 200]);
    await spendThere(1);
    expect((await again('--redis', redisUrl())).code).toBe(0);
    expect([await get('at-1'), await get('at-2')]).toEqual([401, 200]);
  });

  test('[IM-12] without their Redis the import says that they were not told', async () => {
    await spendThere(2);
    const finished = await again();
    expect([finished.code, objectOf(finished.stderr).error]).toEqual([3, 'caches_not_told']);
    expect(objectOf(finished.stdout)).toMatchObject({ counts: { spent_refresh_tokens: { updated: 1 } } });
    // It is revoked all the same, and nothing is left to tell of.
    expect((await again()).code).toBe(0);
  });
});
