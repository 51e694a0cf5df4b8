/** How many rows one statement copies. */
const STEP = 100_000;

/** The value of the n-th token that `fillTokens` stored, n from 0. */
export function tokenAt(n) {
  return `bench-token-of-an-application-${String(n).padStart(10, '0')}`;
}

/**
 * Stores tokens of an application as fast as the database can: it generates them itself, including the digests. Half of
 * them have expired, as in a table that is cleared once a day.
 */
export async function fillTokens(connection, clientId, count) {
  const [[{ id }]] = await connection.execute('SELECT id FROM oauth2_applications WHERE client_id = ?', [clientId]);
  const now = Date.now();
  for (let from = 0; from < count; from += STEP) {
    const to = Math.min(count, from + STEP);
    await connection.query(
      `INSERT INTO oauth2_access_tokens
         (token_hash, application_id, user_id, scope, audience, expires_at_ms, created_at_ms, family_id)
       SELECT UNHEX(SHA2(CONCAT('bench-token-of-an-application-', LPAD(n, 10, '0')), 256)), ?, NULL, 'api', NULL,
         ? + IF(n % 2 = 0, 1, -1) * 3600000 + n, ? - 3600000, NULL
       FROM (${numbers(from, to)}) AS numbers`,
      [id, now, now],
    );
  }
  await connection.query('ANALYZE TABLE oauth2_access_tokens');
}

/** A table of the whole numbers from `from` up to but excluding `to`, in portable SQL. */
function numbers(from, to) {
  const digit =
    '(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)';
  const places = [0, 1, 2, 3, 4];
  const value = places.map((place) => `t${place}.d * ${10 ** place}`).join(' + ');
  return `SELECT ${from} + ${value} AS n FROM ${places.map((place) => `${digit} t${place}`).join(', ')}
    WHERE ${value} < ${to - from}`;
}
