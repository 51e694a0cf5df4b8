import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Logger } from '../../../src/core/logger.js';
import {
  createTokenReader,
  createTokenWriter,
  type Database,
  openDatabase,
  type TokenReader,
  type TokenWriter,
} from '../../../src/storage/index.js';
import { mariadb } from '../../support/finder/mariadb.js';
import type { UsableService } from '../../support/finder/service.js';
import { databaseKinds, mariadbUrl } from '../../support/services.js';
import { SwappingPooler } from '../../support/swapping-pooler.js';
import { type Fixture, newApplication, newToken, openFixture, storeToken } from './fixture.js';

/** The reader and the writer of one pool, with what they have logged. */
interface Pair {
  readonly database: Database;
  readonly reader: TokenReader;
  readonly writer: TokenWriter;
  readonly warnings: string[];
}

function pairOn(fixture: Fixture, url: string, preparedStatements?: boolean): Pair {
  const warnings: string[] = [];
  const logger: Logger = { info() {}, error() {}, warn: (message) => warnings.push(message) };
  const database = openDatabase(url);
  const { models, tables, tokens } = fixture;
  return {
    database,
    warnings,
    reader: createTokenReader(database, tables, { preparedStatements, logger }),
    writer: createTokenWriter({ database, models, tables, tokens, ownModel: false, preparedStatements, logger }),
  };
}

async function newHash(fixture: Fixture): Promise<Buffer> {
  const { hash } = newToken();
  await storeToken(fixture, { tokenHash: hash, userId: 'alice' });
  return hash;
}

function tokenOfApplication() {
  const createdAtMilliseconds = Date.now();
  return {
    tokenHash: newToken().hash,
    scope: 'read',
    audience: null,
    createdAtMilliseconds,
    expiresAtMilliseconds: createdAtMilliseconds + 60_000,
  };
}

/** Reads and writes on all connections of a pool at once, several times. */
async function readAndWrite(fixture: Fixture, { reader, writer }: Pair, rounds = 5): Promise<void> {
  const hash = await newHash(fixture);
  const application = await newApplication(fixture, `demo ${randomBytes(4).toString('hex')}`);
  for (let round = 0; round < rounds; round += 1) {
    const reads = Array.from({ length: 12 }, () => reader.read(hash));
    const written = Array.from({ length: 6 }, async () => {
      const token = tokenOfApplication();
      expect(await writer.insertIfUnchanged(application, token)).toBe(true);
      expect(await reader.read(token.tokenHash)).toMatchObject({ clientId: application.clientId, scope: 'read' });
    });
    for (const row of await Promise.all(reads)) expect(row).toMatchObject({ userId: 'alice' });
    await Promise.all(written);
  }
}

/** How many statements are prepared on the connections of a pool of PostgreSQL. */
async function preparedOn({ knex }: Database): Promise<number> {
  const connections = await Promise.all(Array.from({ length: 5 }, () => knex.client.acquireConnection()));
  try {
    const counts = await Promise.all(
      connections.map(async (connection) => {
        const { rows } = await connection.query("SELECT name FROM pg_prepared_statements WHERE name LIKE 'oauth2%'");
        return rows.length as number;
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  } finally {
    for (const connection of connections) await knex.client.releaseConnection(connection);
  }
}

const postgresOnly = databaseKinds().filter((kind) => kind === 'postgres');

describe.each(postgresOnly)('prepared statements on %s', (kind) => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture(kind);
  });

  afterAll(() => fixture.close());

  async function withPair(work: (pair: Pair) => Promise<void>, preparedStatements?: boolean, url = fixture.url) {
    const pair = pairOn(fixture, url, preparedStatements);
    try {
      await work(pair);
    } finally {
      await pair.database.knex.destroy();
    }
  }

  test('every read and write succeeds behind a pooler that swaps connections, which is found out by itself', async () => {
    const pooler = new SwappingPooler(fixture.url, 3);
    await pooler.start();
    try {
      await withPair(
        async (pair) => {
          await readAndWrite(fixture, pair);
          expect(pair.warnings).toEqual([expect.stringContaining('preparedStatements: false')]);
        },
        undefined,
        pooler.url,
      );
      await withPair(
        async (pair) => {
          await readAndWrite(fixture, pair);
          expect(pair.warnings).toEqual([]);
        },
        false,
        pooler.url,
      );
    } finally {
      await pooler.stop();
    }
  });

  test('they stay prepared on their connections, unless the option says that they do not', async () => {
    await withPair(async (pair) => {
      await readAndWrite(fixture, pair);
      expect(await preparedOn(pair.database)).toBeGreaterThan(0);
    });
    await withPair(async (pair) => {
      await readAndWrite(fixture, pair);
      expect(await preparedOn(pair.database)).toBe(0);
    }, false);
  });

  test('a column that is altered under load is read on, and statements are prepared again', () =>
    withPair(async (pair) => {
      await readAndWrite(fixture, pair, 1);
      for (const type of ['varchar(3000)', 'text', 'varchar(2000)', 'text']) {
        await fixture.database.knex.raw(`ALTER TABLE ${fixture.tables.accessTokens} ALTER COLUMN scope TYPE ${type}`);
        await readAndWrite(fixture, pair, 2);
      }
      expect(await preparedOn(pair.database)).toBeGreaterThan(0);
      expect(pair.warnings).toEqual([]);
    }));

  test('statements that somebody drops on a connection, or has made there, are replaced', () =>
    withPair(async (pair) => {
      const { client } = pair.database.knex;
      await readAndWrite(fixture, pair, 1);
      const connection = await client.acquireConnection();
      await connection.query('DEALLOCATE ALL');
      await client.releaseConnection(connection);
      await readAndWrite(fixture, pair, 1);
      expect(await preparedOn(pair.database)).toBeGreaterThan(0);
    }));
});

describe('prepared statements on mariadb', () => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture('mariadb');
  });

  afterAll(() => fixture.close());

  test.each([true, false])('reads and writes give the same, prepared: %s', async (prepared) => {
    const pair = pairOn(fixture, fixture.url, prepared);
    try {
      await readAndWrite(fixture, pair);
    } finally {
      await pair.database.knex.destroy();
    }
  });

  test('a statement whose handle the server does not know is replaced', async () => {
    const pair = pairOn(fixture, fixture.url);
    try {
      await readAndWrite(fixture, pair, 1);
      const { client } = pair.database.knex;
      const connection = await client.acquireConnection();
      // Closes them at the server alone, as a proxy does that hands out another connection.
      connection._statements.forEach((statement: { close(): void }) => {
        statement.close();
      });
      await client.releaseConnection(connection);
      await readAndWrite(fixture, pair, 1);
    } finally {
      await pair.database.knex.destroy();
    }
  });

  test.each(['', 'NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'])(
    'text that goes unprepared ends no literal where the sql_mode is "%s"',
    async (mode) => {
      const pair = pairOn(fixture, fixture.url, false);
      const { knex } = pair.database;
      try {
        const evil = `\\', NULL), (X'00', 1, 'admin', '"\\\\\`? -- ü🎉`;
        const { application } = await fixture.applications.create({
          name: 'demo',
          clientId: `it's-${randomBytes(4).toString('hex')}`,
          grantTypes: ['client_credentials'],
        });
        await Promise.all(
          Array.from({ length: 10 }, async () => {
            const connection = await knex.client.acquireConnection();
            await connection.promise().query(`SET SESSION sql_mode = '${mode}'`);
            await knex.client.releaseConnection(connection);
          }),
        );
        const token = { ...tokenOfApplication(), audience: [evil] };
        expect(await pair.writer.insertIfUnchanged(application, token)).toBe(true);
        expect(await pair.reader.read(token.tokenHash)).toMatchObject({ audience: [evil] });
      } finally {
        await knex.destroy();
      }
    },
  );
});

describe('a server of mariadb that prepares no more statements', () => {
  let server: UsableService;
  let fixture: Fixture;
  let unprepared: string[];

  beforeAll(async () => {
    const before = process.env.TEST_MARIADB_URL;
    server = await mariadb.start();
    try {
      process.env.TEST_MARIADB_URL = server.url;
      expect(mariadbUrl()).toBe(server.url);
      fixture = await openFixture('mariadb');
    } finally {
      if (before === undefined) delete process.env.TEST_MARIADB_URL;
      else process.env.TEST_MARIADB_URL = before;
    }
  }, 120_000);

  afterAll(async () => {
    await fixture?.close().catch(() => undefined);
    await server?.stop?.();
  }, 60_000);

  test('is asked without, and said to be so once', async () => {
    const { knex } = fixture.database;
    await knex.raw('SET GLOBAL max_prepared_stmt_count = 0');
    const pair = pairOn(fixture, fixture.url);
    try {
      await readAndWrite(fixture, pair);
      unprepared = pair.warnings;
      expect(unprepared).toEqual([expect.stringContaining('max_prepared_stmt_count')]);
    } finally {
      await pair.database.knex.destroy();
      await knex.raw('SET GLOBAL max_prepared_stmt_count = DEFAULT');
    }
  });
});
