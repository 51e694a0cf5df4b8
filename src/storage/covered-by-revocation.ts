import { REVOCATIONS_TABLE } from './migrations/0005-revocations.js';

/**
 * The condition that a revocation of many tokens covers an access token whose row does not say so yet. The table has a
 * row only while such a revocation is in progress, so the condition costs almost nothing.
 *
 * @param quote the quote character for names
 * @param token the name or alias of the table of access tokens
 */
export function coveredByRevocation(quote: '"' | '`', token: string): string {
  const t = `${quote}${token}${quote}`;
  return (
    `EXISTS (SELECT 1 FROM ${quote}${REVOCATIONS_TABLE}${quote} m WHERE m.access_through_id >= ${t}.id ` +
    // MySQL ignores trailing spaces in comparisons; see `isExactly`.
    `AND (m.user_id IS NULL OR (m.user_id = ${t}.user_id AND length(m.user_id) = length(${t}.user_id))) ` +
    `AND (m.application_id IS NULL OR m.application_id = ${t}.application_id))`
  );
}
