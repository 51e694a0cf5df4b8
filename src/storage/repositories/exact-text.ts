import { raw } from 'objection';

/** The part of a query of any model that the condition needs. */
export interface Conditions {
  where(column: string, value: string): this;
  where(expression: ReturnType<typeof raw>, value: ReturnType<typeof raw>): this;
}

/**
 * The condition that a column contains exactly this text. MySQL ignores trailing spaces in comparisons, so `=` alone
 * would match `bob ` with `bob`; the index serves the first half.
 */
export function isExactly(query: Conditions, column: string, text: string): void {
  query.where(column, text).where(raw('length(??)', column), raw('length(?)', text));
}
