/** How many rows one statement makes. */
const STEP = 20_000;

/** How each database makes numbers and digests. */
const DIALECTS = {
  'better-sqlite3': {
    digest: 'randomblob(32)',
    numbers: (count) =>
      `(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${count}) SELECT n FROM s)`,
  },
  mysql2: {
    digest: "UNHEX(SHA2(CONCAT(RAND(), '-', n), 256))",
    numbers: (count) => `(SELECT seq AS n FROM seq_1_to_${count})`,
  },
  pg: {
    digest: "sha256(convert_to(random()::text || n::text, 'UTF8'))",
    numbers: (count) => `(SELECT generate_series(1, ${count}) AS n)`,
  },
};

/** Stores access tokens that have expired, as fast as the database makes them itself. MySQL: MariaDB's sequences. */
export async function fillExpired(knex, rows) {
  const { digest, numbers } = DIALECTS[knex.client.driverName];
  for (let left = rows; left > 0; left -= STEP) {
    await knex.raw(
      `INSERT INTO oauth2_access_tokens (token_hash, user_id, scope, expires_at_ms, created_at_ms)
       SELECT ${digest}, 'somebody', 'read', ${Date.now() - 60_000} + n, ${Date.now() - 4_000_000} FROM ${numbers(Math.min(STEP, left))} AS numbers`,
    );
  }
}
