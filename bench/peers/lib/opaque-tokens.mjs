/** Opaque tokens as our package issues them, in the table that all contenders read; and such that must be refused. */
import { hash, randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import { databaseUrl } from './database.mjs';
import { writeTokens } from './token-files.mjs';
import { userAt } from './users.mjs';

const BATCH = 1000;
const DAY_MILLISECONDS = 86_400_000;
const FORGED = 100_000;
const SCOPELESS = 100;
/** Not an entry of the package: issuing so many one by one would take longer than the benchmark. */
const FORMAT = 'routing-controllers-oauth2/dist/core/opaque-tokens/opaque-format.js';

/**
 * Fills the tables.
 *
 * @returns `files` of good tokens (`opaque`), made-up ones (`forged`) and ones without the scope (`scopeless`), and `refused`,
 *   one token by each reason to refuse it
 */
export async function fillTables(pathOf, { tokens: count, hot }) {
  const { createOAuth2 } = await import('routing-controllers-oauth2');
  const oauth2 = createOAuth2({ database: databaseUrl() });
  const connection = await mysql.createConnection(databaseUrl());
  try {
    await oauth2.migrate();
    const named = (name) => oauth2.applications.create({ name, grantTypes: ['client_credentials'] });
    const [{ application }, { application: disabled }] = [await named('bench'), await named('disabled')];
    await oauth2.applications.disable(disabled.clientId);
    const newToken = await tokenMaker(connection);
    const insert = inserter(connection, application);

    async function* stored(total, scope) {
      for (let first = 0; first < total; first += BATCH) {
        const tokens = Array.from({ length: Math.min(BATCH, total - first) }, newToken);
        await insert(tokens.map((token, index) => ({ token, user: userAt(first + index), scope })));
        yield tokens;
      }
    }
    const files = {
      opaque: await writeTokens(pathOf('opaque'), stored(count, 'api profile'), { hot, option: 'tokens' }),
      scopeless: await writeTokens(pathOf('scopeless'), stored(SCOPELESS, 'profile'), { hot, option: 'tokens' }),
      // Presented in turns: a token comes again after more time than anybody remembers a refusal.
      forged: await writeTokens(pathOf('forged'), [forgeries(FORGED)], { hot: FORGED, option: 'tokens' }),
    };
    const now = Date.now();
    const [madeUp, prefixed] = forgeries(2);
    const refused = { 'made up': madeUp, 'made up, with the prefix': prefixed, 'well formed, but unknown': newToken() };
    for (const [reason, others] of Object.entries({
      expired: { expires: now - 1000 },
      revoked: { revoked: now },
      'of a disabled application': { owner: disabled },
      'without the scope': { scope: 'profile' },
    })) {
      refused[reason] = newToken();
      await insert([{ token: refused[reason], user: userAt(0), scope: 'api', ...others }]);
    }
    await connection.query('ANALYZE TABLE oauth2_access_tokens');
    return { files, refused };
  } finally {
    await connection.end();
    await oauth2.close();
  }
}

/** With the check characters that the key of this database makes. */
async function tokenMaker(connection) {
  const { OpaqueFormat } = await import(new URL(`../node_modules/${FORMAT}`, import.meta.url));
  const [[{ mac_key: secret }]] = await connection.query('SELECT mac_key FROM oauth2_database_identity');
  const format = new OpaqueFormat('rco_', [secret]);
  return () => format.token(randomBytes(32).toString('base64url'));
}

function inserter(connection, application) {
  const now = Date.now();
  const row = ({ token, user, scope, owner = application, expires = now + DAY_MILLISECONDS, revoked = null }) => [
    ...[hash('sha256', token, 'buffer'), owner.id, user, scope, expires, now, revoked],
  ];
  return (tokens) =>
    connection.query(
      'INSERT INTO oauth2_access_tokens (token_hash, application_id, user_id, scope, expires_at_ms, created_at_ms, revoked_at_ms) VALUES ?',
      [tokens.map(row)],
    );
}

/** Of the length of real ones, every other one with their prefix. */
function forgeries(count) {
  return Array.from({ length: count }, (_, index) => {
    const random = randomBytes(42).toString('base64url').slice(0, 55);
    return index % 2 === 0 ? random : `rco_${random.slice(4)}`;
  });
}
