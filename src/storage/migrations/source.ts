import type { Knex } from 'knex';
import type { TableNames } from '../tables.js';
import { applicationsAndTokens } from './0001-applications-and-tokens.js';
import { authorizationServer } from './0002-authorization-server.js';
import { authorizationServerRecords } from './0003-authorization-server-records.js';

/** Where knex notes what was applied. */
export const MIGRATIONS_TABLE = 'oauth2_migrations';

/** All migrations, in their order. A name that was released never changes. */
const MIGRATIONS: readonly (readonly [name: string, (tables: TableNames) => Knex.Migration])[] = [
  ['0001_applications_and_tokens', applicationsAndTokens],
  ['0002_authorization_server', authorizationServer],
  ['0003_authorization_server_records', authorizationServerRecords],
];

/** The names of all migrations of this version, in their order. */
export const MIGRATION_NAMES: readonly string[] = MIGRATIONS.map(([name]) => name);

/** The migrations as knex takes them: from code, so that nothing depends on how the package is bundled. */
export class PackagedMigrations implements Knex.MigrationSource<string> {
  constructor(private readonly tables: TableNames) {}

  getMigrations(): Promise<string[]> {
    return Promise.resolve([...MIGRATION_NAMES]);
  }

  getMigrationName(name: string): string {
    return name;
  }

  getMigration(name: string): Promise<Knex.Migration> {
    const migration = MIGRATIONS.find(([candidate]) => candidate === name);
    if (migration === undefined) return Promise.reject(new RangeError(`There is no migration "${name}".`));
    return Promise.resolve(migration[1](this.tables));
  }
}
