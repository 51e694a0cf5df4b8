import type { Knex } from 'knex';
import { raw } from 'objection';
import { dialectOf } from '../database.js';

/** The part of a query of any model that the condition needs. */
export interface Conditions {
  where(column: string, value: string): this;
  where(expression: ReturnType<typeof raw>, value: ReturnType<typeof raw>): this;
  knex(): Knex;
}

/**
 * The condition that a column contains exactly this text. MySQL ignores trailing spaces in comparisons, so `=` alone
 * would match `bob ` with `bob`; the index serves the first half. PostgreSQL compares exactly, and would take the second half
 * to leave hardly a row, so that it reads all rows of the text to sort them instead of a page of them.
 */
export function isExactly(query: Conditions, column: string, text: string): void {
  query.where(column, text);
  if (dialectOf(query.knex()) !== 'postgres') query.where(raw('length(??)', column), raw('length(?)', text));
}
