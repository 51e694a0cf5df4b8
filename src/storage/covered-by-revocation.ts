import { REVOCATIONS_TABLE } from './migrations/0005-revocations.js';

/**
 * The condition that a revocation of many tokens covers an access token, before its row says so. The table holds a row only
 * while such a revocation is being carried out, so that this costs next to nothing.
 *
 * @param quote what the database quotes names with
 * @param token the name or alias of the table of access tokens
 */
export function coveredByRevocation(quote: '"' | '`', token: string): string {
  const t = `${quote}${token}${quote}`;
  return (
    `EXISTS (SELECT 1 FROM ${quote}${REVOCATIONS_TABLE}${quote} m WHERE m.access_through_id >= ${t}.id ` +
    // MySQL compares without trailing spaces: see `isExactly`.
    `AND (m.user_id IS NULL OR (m.user_id = ${t}.user_id AND length(m.user_id) = length(${t}.user_id))) ` +
    `AND (m.application_id IS NULL OR m.application_id = ${t}.application_id))`
  );
}
