import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { DEFAULT_TABLE_NAMES, openDatabase } from '../../../src/storage/index.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';
import { type AuthorizationServerSuite, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { SwappingPooler } from '../../support/swapping-pooler.js';

@JsonController()
class GuardedController {
  @Get('/guarded')
  @Authorized('read')
  guarded() {
    return { ok: true };
  }
}

/** Issues tokens, and presents each once: every look-up is cold. Answers the statuses that were met. */
async function statuses(suite: AuthorizationServerSuite, count: number): Promise<number[]> {
  const client = await suite.server.register();
  const met = new Set<number>();
  await Promise.all(
    Array.from({ length: count }, async () => {
      const issued = await suite.token({ grant_type: 'client_credentials', scope: 'read' }, client);
      met.add(issued.status);
      const headers = { authorization: `Bearer ${issued.body.access_token}` };
      met.add((await suite.send('/guarded', { headers })).status);
    }),
  );
  return [...met];
}

describe.each(databaseKinds().filter((kind) => kind === 'postgres'))('prepared statements of %s', (kind) => {
  let database: FreshDatabase;
  let pooler: SwappingPooler;
  beforeAll(async () => {
    database = await freshDatabase(kind);
    pooler = new SwappingPooler(database.url, 3);
    await pooler.start();
  });

  describe('behind a pooler that lends a connection for one transaction', () => {
    const suite = useAuthorizationServer('SQLite + memory', {
      get oauth2() {
        return { database: pooler.url };
      },
      controllers: [GuardedController],
    });

    test('[ALL-64 §15.6.4] every token is issued and every cold look-up answered', async () => {
      expect(await statuses(suite, 60)).toEqual([200]);
      expect(suite.log.filter((line) => line.includes('Prepared statements get lost'))).toHaveLength(1);
    });
  });

  describe('when a column is altered under load', () => {
    const suite = useAuthorizationServer('SQLite + memory', {
      get oauth2() {
        return { database: database.url };
      },
      controllers: [GuardedController],
    });

    test('[ALL-64 §15.6.4] every cold look-up is answered, and every later one', async () => {
      const { knex } = openDatabase(database.url);
      try {
        expect(await statuses(suite, 30)).toEqual([200]);
        const load = statuses(suite, 60);
        for (const type of ['varchar(3000)', 'text']) {
          await knex.raw(`ALTER TABLE ${DEFAULT_TABLE_NAMES.accessTokens} ALTER COLUMN scope TYPE ${type}`);
        }
        expect(await load).toEqual([200]);
        expect(await statuses(suite, 30)).toEqual([200]);
      } finally {
        await knex.destroy();
      }
    });
  });

  afterAll(async () => {
    await pooler?.stop();
    await database?.drop();
  });
});
