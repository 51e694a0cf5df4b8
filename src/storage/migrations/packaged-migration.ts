import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { type Dialect, dialectOf } from '../database.js';
import type { TableNames } from '../tables.js';
import { type NewColumns, type NewIndexes, NewTable, type NewTables } from './columns.js';

/** The change of a migration as data, from which applying it, undoing it and its losses are derived. */
export interface SchemaChange {
  readonly tables?: NewTables;
  readonly columns?: NewColumns;
  readonly indexes?: readonly NewIndexes[];
}

/** A migration of this package. Once released, its name never changes; its first four digits are the schema version. */
export interface PackagedMigration {
  readonly name: string;
  /**
   * The oldest schema version whose package still works on a database with this migration; it runs during a rolling
   * deployment, and after the package (not the database) was rolled back. A migration that only adds something names an
   * older version than its own; one that changes or drops what an older version uses names its own.
   */
  readonly oldestCompatibleVersion: number;
  readonly change: (tables: TableNames) => SchemaChange;
}

export type Direction = 'up' | 'down';

/** The statements of one direction of a migration, in order, for this database. */
export interface Statements {
  readonly sql: readonly string[];
  /**
   * SHA-256 of the statements, in hexadecimal: two runs with the same digest agree on what "the third statement" is.
   */
  readonly digest: string;
}

/** The schema version of a migration: the number with which its name begins. */
export function schemaVersionOf(name: string): number {
  return Number.parseInt(name, 10);
}

/** Compiles one direction of a change, without querying the database. */
export function statementsOf(knex: Knex, change: SchemaChange, direction: Direction): Statements {
  const sql = direction === 'up' ? up(knex, change) : down(knex, change);
  return { sql, digest: createHash('sha256').update(sql.join(';\n')).digest('hex') };
}

function up(knex: Knex, { tables = [], columns = [], indexes = [] }: SchemaChange): string[] {
  const dialect = dialectOf(knex);
  const ofThis = indexesFor(dialect, indexes);
  return [
    ...tables.map(([name, build]) => createTable(knex, name, build)),
    ...columns.map(([name, , build]) => knex.schema.alterTable(name, (table) => build(new NewTable(table, dialect)))),
    ...ofThis.map(({ table: name, unique, plain }) =>
      knex.schema.alterTable(name, (table) => {
        for (const names of unique) table.unique([...names]);
        for (const names of plain) table.index([...names]);
      }),
    ),
    // Last: on PostgreSQL nobody reads a table from such a statement to the end of the transaction.
    ...ofThis.map(({ table: name, replaced = [] }) =>
      knex.schema.alterTable(name, (table) => {
        for (const names of replaced) table.dropIndex([...names]);
      }),
    ),
  ].flatMap(compiled);
}

/** Reverses `up`. */
function down(knex: Knex, { tables = [], columns = [], indexes = [] }: SchemaChange): string[] {
  const ofThis = indexesFor(dialectOf(knex), indexes);
  const restoreIndexes = ofThis.map(({ table: name, replaced = [] }) =>
    knex.schema.alterTable(name, (table) => {
      for (const names of replaced) table.index([...names]);
    }),
  );
  // After all of those; see `up`.
  const dropIndexes = ofThis.map(({ table: name, unique, plain }) =>
    knex.schema.alterTable(name, (table) => {
      for (const names of unique) table.dropUnique([...names]);
      for (const names of plain) table.dropIndex([...names]);
    }),
  );
  const dropColumns = columns.flatMap(([table, names]) =>
    // Not with knex: on SQLite it copies the table and drops the old one, and rows that refer to it would be deleted.
    names.map((name) => knex.raw('alter table ?? drop column ??', [table, name]).toSQL().sql),
  );
  const dropTables = tables.map(([name]) => knex.schema.dropTableIfExists(name));
  const changeIndexes = [...restoreIndexes, ...dropIndexes].flatMap(compiled);
  return [...changeIndexes, ...dropColumns, ...dropTables.reverse().flatMap(compiled)];
}

function indexesFor(dialect: Dialect, indexes: readonly NewIndexes[]): readonly NewIndexes[] {
  return indexes.filter(({ dialects }) => dialects?.includes(dialect) !== false);
}

/** On MySQL, strings are compared by their bytes, as on SQLite and PostgreSQL: `Alice` is not `alice`. */
function createTable(knex: Knex, name: string, build: (table: NewTable) => void): Knex.SchemaBuilder {
  const dialect = dialectOf(knex);
  return knex.schema.createTable(name, (table) => {
    if (dialect === 'mysql') {
      table.engine('InnoDB');
      table.charset('utf8mb4');
      table.collate('utf8mb4_bin');
    }
    table.bigIncrements('id');
    build(new NewTable(table, dialect));
  });
}

function compiled(builder: Knex.SchemaBuilder): string[] {
  return (builder.toSQL() as unknown as readonly { readonly sql: string }[]).map(({ sql }) => sql);
}
