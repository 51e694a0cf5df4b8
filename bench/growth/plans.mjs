/** Which statements the product sends, and how the database executes each. */
import { onOneConnection } from './databases.mjs';
import { callsOf, uncached } from './operations.mjs';
import { earliestExpiry, shapeOf } from './seed.mjs';

/** How the database executes each statement of the operations, of `clear-expired` and of the deletion of an application. */
export async function collectPlans(database, url, rows) {
  const { configuration, statements } = noting(database.kind, url);
  const oauth2 = uncached(configuration);
  try {
    await oauth2.ready();
    for (const call of Object.values(callsOf(oauth2, rows))) await call();
    // A few rows of each table.
    await oauth2.tokens.clearExpired({ beforeMilliseconds: await earliestExpiry(oauth2.knex, rows, 50) });
    await oauth2.applications.delete(shapeOf(rows).formerApplication);
    return await plansOf(database, statements);
  } finally {
    await oauth2.close();
  }
}

/** A configuration of knex with one connection, which notes every statement with its values. */
function noting(kind, url) {
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
  const configuration = onOneConnection(kind, url);
  return { configuration: { ...configuration, pool: { ...configuration.pool, afterCreate } }, statements };
}

/** How the database executes each statement now, as it says itself, one line per table. */
async function plansOf(database, statements) {
  const plans = {};
  for (const [text, { sql, values }] of statements) plans[text] = await database.plan(sql, values);
  return plans;
}
