import { ConfigurationError } from '../../core/errors.js';

/** A raw connection of mysql2 or mysql. */
export interface MysqlConnection {
  query(
    options: { readonly sql: string; readonly timeout: number },
    callback: (error: unknown, rows?: readonly Readonly<Record<string, unknown>>[]) => void,
  ): unknown;
}

/** What of a session decides how the server reads statements and texts. */
export interface MysqlSession {
  /** The modes in force, in capital letters. */
  readonly modes: readonly string[];
  /** The character sets of what the client sends, of literals, and of what the server sends. */
  readonly characterSets: readonly [client: string, connection: string, results: string];
  /** Whether the driver writes texts as UTF-8. */
  readonly driverWritesUtf8: boolean;
}

/** The one character set that can hold every text. What MySQL calls `utf8` leaves out all beyond the first plane. */
const CHARACTER_SET = 'utf8mb4';

/** A server that does not answer within this time has no session to offer, in milliseconds. */
const TIMEOUT_MILLISECONDS = 5_000;

/** A letter beyond ASCII, to see which bytes the driver makes of it. */
const SAMPLE = 'ž';

const QUESTION =
  'SELECT @@SESSION.sql_mode AS mode, @@SESSION.character_set_client AS client, ' +
  '@@SESSION.character_set_connection AS connection, @@SESSION.character_set_results AS results, ' +
  `HEX(_binary '${SAMPLE}') AS sample`;

/**
 * Modes under which a text is read as another one than was written: a backslash ends up in the text and the quote after
 * it ends the literal; double quotes stand for names; an empty text is NULL.
 */
const MISREADING = new Set(['NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES', 'EMPTY_STRING_IS_NULL']);

/** Modes that stand for several, `ANSI_QUOTES` among them, and bring it back when they are set. */
const COMBINED = new Set(['ANSI', 'DB2', 'MAXDB', 'MSSQL', 'ORACLE', 'POSTGRESQL']);

/** Under neither of these, a value that does not fit is cut to size and stored. */
const STRICT = ['STRICT_TRANS_TABLES', 'STRICT_ALL_TABLES'];

/** Asks a connection for its session. */
export async function readMysqlSession(connection: MysqlConnection): Promise<MysqlSession> {
  const [row] = await ask(connection, QUESTION);
  const { mode, client, connection: literals, results, sample } = row ?? {};
  return {
    modes: modesOf(String(mode ?? '')),
    characterSets: [String(client), String(literals), String(results)],
    driverWritesUtf8: String(sample).toUpperCase() === Buffer.from(SAMPLE).toString('hex').toUpperCase(),
  };
}

/**
 * Makes the session of a connection of our own what statements rely on, whatever the server's defaults are: escapes and
 * quotes as drivers write them, values that do not fit refused, texts in `utf8mb4`. Other modes stay as they are.
 *
 * @throws ConfigurationError if the driver was told to write another character set
 */
export async function setMysqlSession(connection: MysqlConnection): Promise<void> {
  const session = await readMysqlSession(connection);
  if (!session.driverWritesUtf8) {
    throw new ConfigurationError(
      `database.connection.charset makes the driver write another character set than ${CHARACTER_SET}; leave it out, or use "${CHARACTER_SET}".`,
    );
  }
  const settings = settingsFor(session);
  if (settings.length > 0) await ask(connection, `SET ${settings.join(', ')}`);
}

/** What has to be set, as SQL; nothing where the session is good already. */
export function settingsFor({ modes, characterSets }: Pick<MysqlSession, 'modes' | 'characterSets'>): string[] {
  const settings: string[] = [];
  const kept = modes.filter((mode) => !MISREADING.has(mode) && !COMBINED.has(mode));
  if (!isStrict(kept)) kept.push('STRICT_TRANS_TABLES');
  if (kept.length !== modes.length || !isStrict(modes)) settings.push(`SESSION sql_mode = '${kept.join(',')}'`);
  if (characterSets.some((name) => name !== CHARACTER_SET)) settings.push(`NAMES ${CHARACTER_SET}`);
  return settings;
}

/**
 * Refuses a session of the host's that would read statements or texts as others than were written.
 *
 * @returns what is not good but no danger, to be told to the host's log; `undefined` if nothing
 * @throws ConfigurationError naming the setting and the fix
 */
export async function checkMysqlSession(connection: MysqlConnection): Promise<string | undefined> {
  return problemOf(await readMysqlSession(connection));
}

/** @throws ConfigurationError as `checkMysqlSession` does */
export function problemOf({ modes, characterSets, driverWritesUtf8 }: MysqlSession): string | undefined {
  for (const mode of ['NO_BACKSLASH_ESCAPES', 'EMPTY_STRING_IS_NULL']) {
    if (!modes.includes(mode)) continue;
    throw new ConfigurationError(
      `database: the sql_mode of the knex instance's sessions has ${mode}, under which texts in statements are read as others than were written. Remove it: SET SESSION sql_mode = REPLACE(@@sql_mode, '${mode}', '') in pool.afterCreate, or pass a URL, so that this package sets up its own sessions.`,
    );
  }
  const [client, connection, results] = characterSets;
  if (!driverWritesUtf8 || characterSets.some((name) => name !== CHARACTER_SET)) {
    const found = driverWritesUtf8
      ? `character_set_client = ${client}, character_set_connection = ${connection}, character_set_results = ${results}`
      : 'a driver that writes another character set';
    throw new ConfigurationError(
      `database: the knex instance's sessions have ${found}, and texts would be stored as others. Use ${CHARACTER_SET}: connection.charset "${CHARACTER_SET}", and SET NAMES ${CHARACTER_SET} in pool.afterCreate where the server's init_connect or skip-character-set-client-handshake overrules it; or pass a URL.`,
    );
  }
  if (isStrict(modes)) return undefined;
  return "database: the sql_mode of the knex instance's sessions has neither STRICT_TRANS_TABLES nor STRICT_ALL_TABLES, so the server cuts values that do not fit instead of refusing them. Add STRICT_TRANS_TABLES.";
}

function isStrict(modes: readonly string[]): boolean {
  return STRICT.some((mode) => modes.includes(mode));
}

/** What is no name of a mode is left out: it goes into a statement. */
function modesOf(list: string): string[] {
  return list
    .toUpperCase()
    .split(',')
    .filter((mode) => /^[A-Z0-9_]+$/.test(mode));
}

function ask(connection: MysqlConnection, sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return new Promise((resolve, reject) => {
    connection.query({ sql, timeout: TIMEOUT_MILLISECONDS }, (error, rows) => {
      if (error) reject(error);
      else resolve(rows ?? []);
    });
  });
}
