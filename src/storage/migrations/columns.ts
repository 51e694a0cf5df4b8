import type { Knex } from 'knex';
import type { Dialect } from '../database.js';

/** A table that is created or extended, with the column types whose SQL differs between the databases. */
export class NewTable {
  constructor(
    readonly table: Knex.TableBuilder,
    private readonly dialect: Dialect,
  ) {}

  /** A SHA-256 digest: 32 bytes. */
  digest(name: string): Knex.ColumnBuilder {
    // knex's own `binary(…, 32)` is a VARBINARY on MySQL.
    return this.dialect === 'mysql' ? this.table.specificType(name, 'binary(32)') : this.table.binary(name);
  }

  /** JSON or other text without a useful limit. */
  longText(name: string): Knex.ColumnBuilder {
    return this.table.text(name, 'mediumtext');
  }

  /** A time in milliseconds since the Unix epoch. */
  milliseconds(name: string): Knex.ColumnBuilder {
    return this.table.bigInteger(name);
  }

  /** A reference to another table's `id`, indexed, of the type that `bigIncrements` creates. */
  reference(name: string, table: string, onDelete: 'CASCADE' | 'SET NULL'): Knex.ColumnBuilder {
    this.table.index([name]);
    this.table.foreign(name).references('id').inTable(table).onDelete(onDelete);
    return this.table.bigInteger(name).unsigned();
  }
}

/** Tables to create, in order, each with the function that adds its columns besides `id`. */
export type NewTables = readonly (readonly [name: string, build: (table: NewTable) => void])[];

/** Columns to add to existing tables, by the name of the table; without indexes. */
export type NewColumns = readonly (readonly [
  table: string,
  names: readonly string[],
  build: (table: NewTable) => void,
])[];

/** Indexes of a table, by their columns. */
export interface NewIndexes {
  readonly table: string;
  /** The databases that get them; left out: all. */
  readonly dialects?: readonly Dialect[];
  readonly unique: readonly (readonly string[])[];
  readonly plain: readonly (readonly string[])[];
  /** Earlier plain indexes that the new ones make superfluous. */
  readonly replaced?: readonly (readonly string[])[];
}
