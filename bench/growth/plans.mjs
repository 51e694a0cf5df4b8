/** Which statements the product sends, and how the database executes each. */

/** A configuration of knex with one connection, which notes every statement with its values. */
export function noting(kind, url) {
  const statements = new Map();
  const note = (sql, values) => {
    // Values make the same statement longer, not different.
    const key = sql.replaceAll(/\((?:\?|\$\d+)(?:, ?(?:\?|\$\d+))+\)/g, '(…)');
    if (/^\s*(?:select|insert|update|delete)\b/i.test(sql) && !statements.has(key))
      statements.set(key, { sql, values });
  };
  const afterCreate = (connection, done) => {
    for (const name of ['query', 'execute']) {
      const original = connection[name];
      if (original === undefined) continue;
      connection[name] = function noted(statement, ...rest) {
        const sql = typeof statement === 'string' ? statement : (statement.sql ?? statement.text ?? '');
        note(sql, statement.values ?? rest.find(Array.isArray) ?? []);
        return original.call(this, statement, ...rest);
      };
    }
    done(null, connection);
  };
  const client = kind === 'mariadb' ? 'mysql2' : 'pg';
  return { configuration: { client, connection: url, pool: { min: 1, max: 1, afterCreate } }, statements };
}

/** How the database executes each statement now, as it says itself, one line per table. */
export async function plansOf(database, statements) {
  const plans = {};
  for (const [text, { sql, values }] of statements) plans[text] = await database.plan(sql, values);
  return plans;
}
