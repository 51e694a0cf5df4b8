import { REVOCATIONS_TABLE } from './migrations/0005-revocations.js';

/**
 * PostgreSQL joins a subquery with this to nothing, and so does not guess how many rows that join leaves: if it takes them to
 * be few, it reads and sorts all tokens of a user instead of one page in the order of an index.
 */
export const AS_CONDITION = ' OFFSET 0';

/**
 * The condition that a revocation of many tokens covers an access token whose row does not say so yet. The table has a
 * row only while such a revocation is in progress, so the condition costs almost nothing.
 *
 * @param quote the quote character for names
 * @param token the name or alias of the table of access tokens
 * @param end what ends the subquery
 */
export function coveredByRevocation(quote: '"' | '`', token: string, end: '' | typeof AS_CONDITION = ''): string {
  const t = `${quote}${token}${quote}`;
  return (
    `EXISTS (SELECT 1 FROM ${quote}${REVOCATIONS_TABLE}${quote} m WHERE m.access_through_id >= ${t}.id ` +
    // MySQL ignores trailing spaces in comparisons; see `isExactly`.
    `AND (m.user_id IS NULL OR (m.user_id = ${t}.user_id AND length(m.user_id) = length(${t}.user_id))) ` +
    `AND (m.application_id IS NULL OR m.application_id = ${t}.application_id)${end})`
  );
}
