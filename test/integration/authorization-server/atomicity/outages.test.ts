import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Adapter } from 'oidc-provider';
import { databaseKinds } from '../../../support/services.js';
import { TcpProxy } from '../../../support/tcp-proxy.js';
import { type AdapterServer, Authorizations, type TestDatabase, testDatabase } from '../adapter/harness.js';

describe.each(databaseKinds().filter((kind) => kind !== 'sqlite'))(
  'when %s becomes unavailable in an exchange',
  (kind) => {
    let database: TestDatabase;
    let proxy: TcpProxy;
    let server: AdapterServer;
    let authorizations: Authorizations;
    /** Called when everything is checked and nothing is written yet. */
    let beforeWriting: (() => Promise<void>) | undefined;

    beforeEach(async () => {
      beforeWriting = undefined;
      database = await testDatabase(kind);
      const url = new URL(database.url);
      proxy = new TcpProxy(url.hostname, Number(url.port) || (kind === 'mariadb' ? 3306 : 5432));
      await proxy.start();
      url.host = `127.0.0.1:${proxy.port}`;
      server = await database.server({ databaseUrl: url.href, around });
      authorizations = new Authorizations(database, server);
    });

    afterEach(async () => {
      await database.close();
      await proxy.stop();
    });

    function around(kindOfAdapter: string, adapter: Adapter): Adapter {
      if (kindOfAdapter !== 'RefreshToken') return adapter;
      const upsert = adapter.upsert.bind(adapter);
      adapter.upsert = async (...values) => {
        await upsert(...values);
        await beforeWriting?.();
      };
      return adapter;
    }

    test('nothing is half-written: the code can be used once the database is back', async () => {
      const form = authorizations.codeForm(await authorizations.code());
      beforeWriting = () => proxy.stop();
      expect((await server.post('/token', form)).status).toBeGreaterThanOrEqual(500);
      beforeWriting = undefined;
      await proxy.start();
      expect(await server.models.AccessToken.query().resultSize()).toBe(0);
      expect((await server.post('/token', form)).status).toBe(200);
    });

    test('nothing is half-written: the refresh token can be used once the database is back, and revokes nothing', async () => {
      const { accessToken, refreshToken } = await authorizations.tokens();
      beforeWriting = () => proxy.stop();
      expect((await server.post('/token', authorizations.refreshForm(refreshToken))).status).toBeGreaterThanOrEqual(
        500,
      );
      beforeWriting = undefined;
      await proxy.start();
      expect((await server.post('/token', authorizations.refreshForm(refreshToken))).status).toBe(200);
      expect(await authorizations.isActive(accessToken)).toBe(true);
      expect(server.events).toEqual([]);
    });

    test('a transaction that fails at its last statement leaves nothing of the first', async () => {
      const form = authorizations.codeForm(await authorizations.code());
      const { AccessToken, AuthorizationCode, RefreshToken } = server.models;
      await server.database.knex.schema.renameTable(RefreshToken.tableName, 'away');
      expect((await server.post('/token', form)).status).toBe(500);
      await server.database.knex.schema.renameTable('away', RefreshToken.tableName);
      expect(await AccessToken.query().resultSize()).toBe(0);
      expect(await AuthorizationCode.query().whereNotNull('consumed_at_ms').resultSize()).toBe(0);
      expect((await server.post('/token', form)).status).toBe(200);
    });
  },
);
