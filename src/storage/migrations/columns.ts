import type { Knex } from 'knex';
import { ConfigurationError } from '../../core/errors.js';
import { type Dialect, dialectOf } from '../database.js';

/** A table being created or extended, with the column types whose SQL differs between the databases. */
export class NewTable {
  constructor(
    readonly table: Knex.TableBuilder,
    private readonly dialect: Dialect,
  ) {}

  /** A SHA-256 digest: 32 bytes. */
  digest(name: string): Knex.ColumnBuilder {
    // knex' own `binary(…, 32)` is a VARBINARY on MySQL.
    return this.dialect === 'mysql' ? this.table.specificType(name, 'binary(32)') : this.table.binary(name);
  }

  /** JSON or other text without a useful bound. */
  longText(name: string): Knex.ColumnBuilder {
    return this.table.text(name, 'mediumtext');
  }

  /** A time in milliseconds since the Unix epoch. */
  milliseconds(name: string): Knex.ColumnBuilder {
    return this.table.bigInteger(name);
  }

  /** A reference to another table's `id`, indexed, of the type that `bigIncrements` makes. */
  reference(name: string, table: string, onDelete: 'CASCADE' | 'SET NULL'): Knex.ColumnBuilder {
    this.table.index([name]);
    this.table.foreign(name).references('id').inTable(table).onDelete(onDelete);
    return this.table.bigInteger(name).unsigned();
  }
}

/** Tables to create, in their order, each with what builds its columns beside `id`. */
export type NewTables = readonly (readonly [name: string, build: (table: NewTable) => void])[];

/**
 * Creates tables, all or none. On MySQL their strings compare by their bytes, as they do on SQLite and PostgreSQL:
 * `Alice` is not `alice`.
 *
 * @throws ConfigurationError if one is there already, which no migration on record explains
 */
export async function createTables(knex: Knex, tables: NewTables): Promise<void> {
  for (const [name] of tables) {
    if (!(await knex.schema.hasTable(name))) continue;
    throw new ConfigurationError(
      `The table "${name}" exists already, but no migration on record has created it. If an interrupted migration left it, drop it and migrate again; if it is something else's, give the model another tableName.`,
    );
  }
  const created: string[] = [];
  try {
    for (const [name, build] of tables) {
      created.unshift(name);
      await createTable(knex, name, build);
    }
  } catch (error) {
    // MySQL commits each table by itself, so nothing else takes them back.
    if (dialectOf(knex) === 'mysql') await dropTables(knex, created).catch(() => undefined);
    throw error;
  }
}

/** Columns to add to tables that exist, by the table's name. */
export type NewColumns = readonly (readonly [
  table: string,
  names: readonly string[],
  build: (table: NewTable) => void,
])[];

/** Adds columns without indexes to tables, all or none. */
export async function addColumns(knex: Knex, additions: NewColumns): Promise<void> {
  const dialect = dialectOf(knex);
  const begun: NewColumns[number][] = [];
  try {
    for (const addition of additions) {
      const [name, , build] = addition;
      begun.unshift(addition);
      await knex.schema.alterTable(name, (table) => build(new NewTable(table, dialect)));
    }
  } catch (error) {
    if (dialect === 'mysql') await dropColumns(knex, begun).catch(() => undefined);
    throw error;
  }
}

/** Drops what `addColumns` added, where it is there. */
export async function dropColumns(knex: Knex, additions: NewColumns): Promise<void> {
  for (const [table, names] of additions) {
    for (const name of names) {
      // Not by knex: on SQLite it copies the table and drops the old one, and rows that refer to it go with that.
      if (await knex.schema.hasColumn(table, name)) await knex.raw('ALTER TABLE ?? DROP COLUMN ??', [table, name]);
    }
  }
}

/** Drops tables in the order given, those that are there. */
export async function dropTables(knex: Knex, names: readonly string[]): Promise<void> {
  for (const name of names) await knex.schema.dropTableIfExists(name);
}

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
