import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Model } from 'objection';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import { objectionUserStore, TokenSearch } from '../../../src/storage/index.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

/** What a parsed body, a query string or a session may hold where a text is meant. */
const ODD: readonly (readonly [string, unknown])[] = [
  ['a list', ['alice']],
  ['a list of lists', [['alice', 'bob']]],
  ['an object', { user_id: true }],
  ['an object with toString', { toString: () => 'alice' }],
  ['an object with toSqlString', { toSqlString: () => '1 OR 1=1' }],
  ['true', true],
  ['not a number', Number.NaN],
  ['a fraction', 1.5],
  ['bytes', Buffer.from('alice')],
  ['a String object', Object('alice')],
];

class User extends Model {
  static override tableName = 'users';
  id!: string;
}

describe.each(databaseKinds())('values of odd types on %s', (kind) => {
  let database: FreshDatabase;
  let oauth2: OAuth2;
  let statements: string[];

  beforeAll(async () => {
    database = await freshDatabase(kind);
    oauth2 = createOAuth2({ database: database.url, logger: silentLogger });
    await oauth2.migrate();
    await oauth2.knex.schema.createTable('users', (table) => table.string('id').primary());
    await oauth2.knex('users').insert({ id: 'alice' });
    const { application } = await oauth2.applications.create({ name: 'Shop', grantTypes: ['client_credentials'] });
    await oauth2.tokens.issue({ user: 'alice', application: application.clientId, scope: 'read' });
    oauth2.knex.on('query', ({ sql }: { sql: string }) => statements.push(sql));
  });

  afterAll(async () => {
    await oauth2.close();
    await database.drop();
  });

  test.each(ODD)('[ALL-63] %s where a text is meant never reaches a statement', async (_name, value) => {
    const odd = value as string;
    const { tokens, applications } = oauth2;
    const search = new TokenSearch(oauth2.models);
    const users = objectionUserStore(User, { knex: oauth2.knex });
    statements = [];
    const works: (() => unknown)[] = [
      () => tokens.listFor(odd),
      () => tokens.revokeAllOf({ user: odd }),
      () => tokens.invalidate({ user: odd }),
      () => applications.list({ userId: odd }),
      () => applications.search({ userId: odd }),
      () => applications.search({ clientId: odd }),
      () => applications.search({ name: odd }),
      () => applications.update(odd, { name: 'x' }),
      () => applications.delete(odd),
      () => applications.disable(odd),
      () => applications.create({ name: 'x', clientId: odd, grantTypes: ['client_credentials'] }),
      () => applications.create({ name: 'x', userId: odd, grantTypes: ['client_credentials'] }),
      () => search.search({ clientId: odd }),
      () => search.search({ userId: odd }),
      () => users.findById(odd),
    ];
    for (const work of works) {
      const answer = await Promise.resolve()
        .then(work)
        .catch((error: unknown) => error);
      // Refused, or an answer as for nothing found.
      if (!(answer instanceof Error)) expect([undefined, false, []]).toContainEqual(answer);
    }
    expect(statements).toEqual([]);
  });
});
