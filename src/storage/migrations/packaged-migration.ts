import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { dialectOf } from '../database.js';
import type { TableNames } from '../tables.js';
import { type NewColumns, type NewIndexes, NewTable, type NewTables } from './columns.js';

/** What a migration changes, as data: how it is done, undone and what is lost by that follows from it. */
export interface SchemaChange {
  readonly tables?: NewTables;
  readonly columns?: NewColumns;
  readonly indexes?: readonly NewIndexes[];
}

/** A migration of this package. A name that was released never changes; its first four digits are the schema version. */
export interface PackagedMigration {
  readonly name: string;
  /**
   * The oldest schema version whose package still works on a database with this migration: what runs during a rolling
   * deploy, and after the package (not the database) was rolled back. A migration that only adds names an older version
   * than its own; one that changes or drops what an older version uses names its own.
   */
  readonly oldestCompatibleVersion: number;
  readonly change: (tables: TableNames) => SchemaChange;
}

export type Direction = 'up' | 'down';

/** The statements of one direction of a migration, in their order, as this database reads them. */
export interface Statements {
  readonly sql: readonly string[];
  /** SHA-256 of the statements, in hexadecimal: two runs with the same digest mean the same by "the third statement". */
  readonly digest: string;
}

/** The schema version of a migration: the number that its name begins with. */
export function schemaVersionOf(name: string): number {
  return Number.parseInt(name, 10);
}

/** Compiles one direction of a change. Nothing is asked of the database. */
export function statementsOf(knex: Knex, change: SchemaChange, direction: Direction): Statements {
  const sql = direction === 'up' ? up(knex, change) : down(knex, change);
  return { sql, digest: createHash('sha256').update(sql.join(';\n')).digest('hex') };
}

function up(knex: Knex, { tables = [], columns = [], indexes = [] }: SchemaChange): string[] {
  const dialect = dialectOf(knex);
  return [
    ...tables.map(([name, build]) => createTable(knex, name, build)),
    ...columns.map(([name, , build]) => knex.schema.alterTable(name, (table) => build(new NewTable(table, dialect)))),
    ...indexes.map(({ table: name, unique, plain }) =>
      knex.schema.alterTable(name, (table) => {
        for (const names of unique) table.unique([...names]);
        for (const names of plain) table.index([...names]);
      }),
    ),
  ].flatMap(compiled);
}

/** What `up` does, backwards. */
function down(knex: Knex, { tables = [], columns = [], indexes = [] }: SchemaChange): string[] {
  const dropIndexes = indexes.map(({ table: name, unique, plain }) =>
    knex.schema.alterTable(name, (table) => {
      for (const names of unique) table.dropUnique([...names]);
      for (const names of plain) table.dropIndex([...names]);
    }),
  );
  const dropColumns = columns.flatMap(([table, names]) =>
    // Not by knex: on SQLite it copies the table and drops the old one, and rows that refer to it go with that.
    names.map((name) => knex.raw('alter table ?? drop column ??', [table, name]).toSQL().sql),
  );
  const dropTables = tables.map(([name]) => knex.schema.dropTableIfExists(name));
  return [...dropIndexes.flatMap(compiled), ...dropColumns, ...dropTables.reverse().flatMap(compiled)];
}

/** On MySQL strings compare by their bytes, as they do on SQLite and PostgreSQL: `Alice` is not `alice`. */
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
