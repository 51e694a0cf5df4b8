import type { Knex } from 'knex';
import type { Dialect } from '../database.js';

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

/** Columns to add to tables that exist, by the table's name; without indexes. */
export type NewColumns = readonly (readonly [
  table: string,
  names: readonly string[],
  build: (table: NewTable) => void,
])[];

/** Indexes on columns that were added to a table. */
export interface NewIndexes {
  readonly table: string;
  readonly unique: readonly (readonly string[])[];
  readonly plain: readonly (readonly string[])[];
}
