/** Rows as a busy application has them, made by the database itself. */

/** Rows of access tokens and of refresh tokens in a family: one pair for each exchange. */
const PAIRS_OF_FAMILY = 10;
/** The audience of every token, and the name of the guards that accept it. */
export const RESOURCE = 'https://api.example';

const APPLICATIONS = 100;
const DAY = 86_400_000;

/** How each database makes numbers, digests and texts. Digests are those of the tokens, so that tokens can be presented. */
const DIALECTS = {
  mariadb: {
    numbers: (count) => `(SELECT seq AS n FROM seq_1_to_${count})`,
    digest: (text) => `UNHEX(SHA2(${text}, 256))`,
    padded: (number) => `LPAD(${number}, 21, '0')`,
    name: (prefix, number) => `CONCAT('${prefix}', ${number})`,
    longer: (text, times) => `REPEAT(${text}, ${times})`,
    whole: (expression) => `CAST(FLOOR(${expression}) AS SIGNED)`,
    no: 'FALSE',
  },
  postgres: {
    numbers: (count) => `(SELECT generate_series(1, ${count}::bigint) AS n)`,
    digest: (text) => `sha256(CAST(${text} AS bytea))`,
    padded: (number) => `LPAD(CAST(${number} AS text), 21, '0')`,
    name: (prefix, number) => `'${prefix}' || CAST(${number} AS text)`,
    longer: (text, times) => `REPEAT(${text}, ${times})`,
    whole: (expression) => `CAST(FLOOR(${expression}) AS bigint)`,
    no: 'FALSE',
  },
};

/** The value of an access token that was made, by its number from 1 on. */
export function accessToken(number) {
  return `access-${number}`;
}

/** How many of everything there are for a number of rows of tokens, and which of them are special. */
export function shapeOf(rows) {
  const pairs = rows / 2;
  return {
    rows,
    access: pairs,
    refresh: pairs,
    families: Math.ceil(pairs / PAIRS_OF_FAMILY),
    users: Math.max(10, Math.round(rows / 100)),
    applications: APPLICATIONS,
    /** The first fifth of both kinds has expired. */
    expired: Math.floor(pairs / 5) * 2,
    /** A user of 1 % of all tokens, such as a service account. */
    heavyUser: 'u0',
    /** An application of 1 % of all tokens, none of them among the newest. */
    formerApplication: 'application-100',
  };
}

/**
 * Fills migrated, empty tables with `rows` rows of tokens, half of them access tokens, with their grants, users' sessions and
 * applications. A fifth has expired, a twentieth is revoked. Every family has ten pairs of tokens, spread over the whole
 * time; a user has about 100 tokens.
 */
export async function seed(database, rows) {
  const sql = DIALECTS[database.kind];
  const { access, families, users, applications, expired } = shapeOf(rows);
  const now = Date.now();
  const { whole, name } = sql;
  const family = `(n % ${families})`;
  const userNumber = `CASE WHEN ${family} % 100 = 57 THEN 0 ELSE ${family} % ${users} END`;
  const user = name('u', `(${userNumber})`);
  // The first application has 30 %; the last one 1 %, of families that began early.
  const application = `CASE WHEN ${family} % 100 = 99 AND n <= ${Math.ceil(access / 2)} THEN ${applications}
    WHEN ${family} % 10 < 3 THEN 1 ELSE 2 + (${family} * 7919) % ${applications - 2} END`;
  const created = whole(`${now - 30 * DAY} + n * ${(30 * DAY) / access}`);
  const expires = whole(
    `CASE WHEN n <= ${expired / 2} THEN ${now - DAY} + n * ${DAY / 2 / access} ELSE ${now + DAY} + n * ${(30 * DAY) / access} END`,
  );
  const revoked = `CASE WHEN n % 20 = 7 THEN ${now - 1000} ELSE NULL END`;
  const familyId = name('f', sql.padded(family));
  const payload = `'{"aud":"${RESOURCE}","expiresWithSession":false,"gty":"authorization_code","sessionUid":"'`;
  const sealed = sql.longer("'s'", 86);
  const json = database.kind === 'mariadb' ? `CONCAT(${payload}, ${sealed}, '"}')` : `${payload} || ${sealed} || '"}'`;
  await database.execute(
    `INSERT INTO oauth2_applications (client_id, name, client_type, grant_types, redirect_uris, scope, skip_authorization,
       created_at_ms, updated_at_ms)
     SELECT ${name('application-', 'n')}, ${name('Application ', 'n')}, 'confidential', 'authorization_code refresh_token',
       'https://client.example/callback', 'read write', ${sql.no}, ${now}, ${now} FROM ${sql.numbers(applications)} AS numbers`,
  );
  const columns = `application_id, user_id, scope, audience, expires_at_ms, created_at_ms, revoked_at_ms, payload, family_id`;
  const values = `${application}, ${user}, 'read write', '["${RESOURCE}"]', ${expires}, ${created}, ${revoked}, ${json}, ${familyId}`;
  await database.withFastInsertion(
    ['oauth2_access_tokens', 'oauth2_refresh_tokens', 'oauth2_server_records'],
    [
      `INSERT INTO oauth2_access_tokens (token_hash, ${columns})
     SELECT ${sql.digest(name('access-', 'n'))}, ${values} FROM ${sql.numbers(access)} AS numbers`,
      `INSERT INTO oauth2_refresh_tokens (token_hash, ${columns}, access_token_id, rotated_at_ms, successor_salt, family_expires_at_ms)
     SELECT ${sql.digest(name('refresh-', 'n'))}, ${values}, n,
       CASE WHEN n <= ${access - families} THEN ${now - 2000} ELSE NULL END, ${sql.longer("'s'", 43)}, ${now + 30 * DAY}
     FROM ${sql.numbers(access)} AS numbers`,
      `INSERT INTO oauth2_server_records (kind, record_hash, uid_hash, application_id, user_id, family_id, expires_at_ms,
       created_at_ms, updated_at_ms, payload)
     SELECT 'Grant', ${sql.digest(familyId)}, ${sql.digest(name('session-', `(${userNumber})`))}, ${application}, ${user}, ${familyId},
       ${now + 30 * DAY}, ${created}, ${created}, '{"openid":{"scope":"read write"}}' FROM ${sql.numbers(families)} AS numbers`,
    ],
  );
}

/** Until when about so many rows of each table have expired, in milliseconds since the Unix epoch. */
export async function earliestExpiry(knex, rows, count) {
  const [{ first }] = await knex('oauth2_access_tokens').min({ first: 'expires_at_ms' });
  return Number(first) + Math.ceil((count * DAY) / 2 / shapeOf(rows).access);
}
