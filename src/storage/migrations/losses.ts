import type { Knex } from 'knex';
import { orUnavailable } from '../database-errors.js';
import { completeTableNames, type TableNames } from '../tables.js';
import { readBookkeeping } from './bookkeeping.js';
import { batchOf, lastBatch } from './migrate-and-rollback.js';
import { changeOf } from './source.js';
import { assertCompatible, statusOf } from './status.js';

/** What a rollback removes. */
export interface RollbackLosses {
  /** The migrations that it undoes, in the order in which it does. */
  readonly migrations: string[];
  /** The tables that it drops, each with its number of rows. */
  readonly tables: {
    /** The name of the table. */
    readonly name: string;
    /** How many rows it has. */
    readonly rows: number;
  }[];
  /** The columns that it drops from other tables, each with its number of values. */
  readonly columns: {
    /** The name of its table. */
    readonly table: string;
    /** The name of the column. */
    readonly name: string;
    /** In how many rows it has a value. */
    readonly rows: number;
  }[];
}

/**
 * What `rollback` would remove now. Changes nothing.
 *
 * @param knex a knex instance
 * @param options.tables the names of the tables, where models have their own
 * @returns tables and columns with how many rows they hold
 * @throws ConfigurationError if a newer version's migration would have to be undone, which only that version can do
 * @throws TemporarilyUnavailableError if the database cannot answer
 *
 * @example
 * ```ts
 * import type { Knex } from 'knex';
 * import { rollbackLosses } from 'routing-controllers-oauth2/storage';
 *
 * export async function describeLosses(knex: Knex): Promise<string> {
 *   const { tables } = await rollbackLosses(knex);
 *   return tables.map(({ name, rows }) => `${name}: ${rows} rows`).join('\n');
 * }
 * ```
 */
export function rollbackLosses(
  knex: Knex,
  options: { readonly tables?: Partial<TableNames> } = {},
): Promise<RollbackLosses> {
  const names = completeTableNames(options.tables);
  return orUnavailable(async () => {
    const noted = await readBookkeeping(knex);
    assertCompatible(statusOf(noted));
    const { applied, unfinished } = noted;
    const begun = unfinished === undefined ? [] : [unfinished];
    const all = [...applied.filter(({ name }) => name !== unfinished?.name), ...begun];
    const undone = batchOf(all, unfinished?.batch ?? lastBatch(applied)).map(({ name }) => name);
    const changes = undone.map((name) => changeOf(name, names));
    const tables = changes.flatMap(({ tables: created = [] }) => created.map(([name]) => name).reverse());
    const columns = changes.flatMap(({ columns: added = [] }) =>
      added.filter(([table]) => !tables.includes(table)).flatMap(([table, own]) => own.map((name) => [table, name])),
    ) as [string, string][];
    return {
      migrations: undone,
      tables: await counted(tables, async (name) =>
        (await knex.schema.hasTable(name)) ? { name, rows: await count(knex(name)) } : undefined,
      ),
      columns: await counted(columns, async ([table, name]) =>
        (await knex.schema.hasColumn(table, name))
          ? { table, name, rows: await count(knex(table).whereNotNull(name)) }
          : undefined,
      ),
    };
  });
}

/** One after the other, because a pool may have only one connection. */
async function counted<From, To>(from: readonly From[], one: (from: From) => Promise<To | undefined>): Promise<To[]> {
  const answers: To[] = [];
  for (const item of from) {
    const answer = await one(item);
    if (answer !== undefined) answers.push(answer);
  }
  return answers;
}

async function count(query: Knex.QueryBuilder): Promise<number> {
  const row = (await query.count({ rows: '*' }).first()) as { readonly rows: number | string };
  return Number(row.rows);
}
