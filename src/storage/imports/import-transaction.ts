import type { Model, Transaction } from 'objection';
import { isDuplicate, retryContention } from '../database-errors.js';
import { columnNameMappers } from '../models/column-names.js';

/** How often a batch is begun again because another process has stored one of its rows meanwhile. */
const ATTEMPTS = 5;

/** Rows per statement; SQLite takes at most 500. */
const ROWS_AT_ONCE = 100;

/**
 * Runs a batch in one transaction, all or nothing. If another process stores one of its rows first, the batch is begun again,
 * and finds it.
 */
export async function importTransaction<T>(
  model: typeof Model,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await retryContention(() => model.transaction(work));
    } catch (error) {
      if (!isDuplicate(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Inserts rows, given with the properties of a model. */
export async function insertRows(
  { tableName }: typeof Model,
  rows: readonly object[],
  transaction: Transaction,
): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
    const part = rows.slice(start, start + ROWS_AT_ONCE);
    await transaction(tableName).insert(part.map((row) => columnNameMappers.format({ ...row })));
  }
}
