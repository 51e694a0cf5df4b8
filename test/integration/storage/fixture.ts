import { randomBytes } from 'node:crypto';
import { sha256 } from '../../../src/core/digest.js';
import {
  type AccessToken,
  type Application,
  ApplicationRepository,
  bindModels,
  createTokenReader,
  type Database,
  migrate,
  type NewAccessToken,
  type OAuth2Models,
  openDatabase,
  type TableNames,
  type TokenReader,
  TokenRepository,
  tableNamesOf,
} from '../../../src/storage/index.js';
import { type DatabaseKind, type FreshDatabase, freshDatabase } from '../../support/services.js';

/** A migrated database of a test file's own, with everything that works on it. */
export interface Fixture {
  readonly url: string;
  readonly database: Database;
  readonly models: OAuth2Models;
  readonly tables: TableNames;
  readonly tokens: TokenRepository;
  readonly applications: ApplicationRepository;
  readonly reader: TokenReader;
  close(): Promise<void>;
}

export async function openFixture(kind: DatabaseKind, overrides: Partial<OAuth2Models> = {}): Promise<Fixture> {
  const fresh: FreshDatabase = await freshDatabase(kind);
  const database = openDatabase(fresh.url);
  const models = bindModels(database.knex, overrides);
  const tables = tableNamesOf(models);
  await migrate(database.knex, { tables });
  return {
    url: fresh.url,
    database,
    models,
    tables,
    tokens: new TokenRepository(models),
    applications: new ApplicationRepository(models),
    reader: createTokenReader(database, tables),
    async close() {
      await database.knex.destroy();
      await fresh.drop();
    },
  };
}

/** A token in the clear with its digest. */
export function newToken(): { token: string; hash: Buffer } {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: sha256(token) };
}

export async function newApplication(fixture: Fixture, name = 'demo'): Promise<Application> {
  const { application } = await fixture.applications.create({ name, grantTypes: ['client_credentials'] });
  return application;
}

/** Stores an access token that is good for an hour, unless told otherwise. */
export async function storeToken(fixture: Fixture, columns: Partial<NewAccessToken> = {}): Promise<AccessToken> {
  const now = Date.now();
  return fixture.tokens.insertAccessToken({
    tokenHash: newToken().hash,
    scope: 'read',
    createdAtMilliseconds: now,
    expiresAtMilliseconds: now + 3_600_000,
    ...columns,
  });
}

/** Stores a refresh token that is good for a day, unless told otherwise. */
export function storeRefreshToken(fixture: Fixture, columns: Record<string, unknown>) {
  const now = Date.now();
  return fixture.models.RefreshToken.query().insert({
    tokenHash: newToken().hash,
    scope: 'read',
    familyId: newFamilyId(),
    createdAtMilliseconds: now,
    expiresAtMilliseconds: now + 86_400_000,
    familyExpiresAtMilliseconds: now + 30 * 86_400_000,
    ...columns,
  });
}

export function newFamilyId(): string {
  return randomBytes(16).toString('base64url');
}

/** Counts the statements that knex sends while `work` runs. */
export async function countStatements(fixture: Fixture, work: () => Promise<unknown>): Promise<number> {
  let statements = 0;
  const count = () => {
    statements++;
  };
  fixture.database.knex.on('query', count);
  try {
    await work();
  } finally {
    fixture.database.knex.removeListener('query', count);
  }
  return statements;
}

/** Waits until a condition holds, with a generous cap. */
export async function until(condition: () => boolean | Promise<boolean>, pollMilliseconds = 20): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('The condition did not come to hold.');
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
}
