import { ConfigurationError } from '../../core/errors.js';

/** A raw connection of mysql2 or mysql. */
export interface MysqlConnection {
  query(
    options: { readonly sql: string; readonly timeout: number },
    callback: (error: unknown, rows?: readonly Readonly<Record<string, unknown>>[]) => void,
  ): unknown;
}

/** The settings of a session that determine how the server reads statements and strings. */
export interface MysqlSession {
  /** The active modes, upper case. */
  readonly modes: readonly string[];
  /** The character sets of what the client sends, of literals, and of what the server sends. */
  readonly characterSets: readonly [client: string, connection: string, results: string];
  /** Whether the driver encodes strings as UTF-8. */
  readonly driverWritesUtf8: boolean;
}

/** The only character set that can store every string. MySQL's `utf8` lacks everything beyond the first plane. */
const CHARACTER_SET = 'utf8mb4';

/** How long to wait for a server to answer, in milliseconds. */
const TIMEOUT_MILLISECONDS = 5_000;

/** A non-ASCII letter, to see how the driver encodes it. */
const SAMPLE = 'ž';

const QUESTION =
  'SELECT @@SESSION.sql_mode AS mode, @@SESSION.character_set_client AS client, ' +
  '@@SESSION.character_set_connection AS connection, @@SESSION.character_set_results AS results, ' +
  `HEX(_binary '${SAMPLE}') AS sample`;

/**
 * Modes in which strings are misread: a backslash is taken literally, so that the quote after it ends the literal;
 * double quotes delimit names; an empty string is NULL.
 */
const MISREADING = new Set(['NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES', 'EMPTY_STRING_IS_NULL']);

/** Combinations that include such modes, and restore them when they are set. */
const COMBINED = new Set(['ANSI', 'DB2', 'MAXDB', 'MSSQL', 'ORACLE', 'POSTGRESQL']);

/** Without one of these, a value that does not fit is truncated and stored. */
const STRICT = ['STRICT_TRANS_TABLES', 'STRICT_ALL_TABLES'];

/** Reads the settings of a connection's session. */
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
 * Sets up the session of a connection of this package, whatever the defaults of the server: escapes and quotes as
 * drivers write them, values that do not fit are refused, strings in `utf8mb4`. Other modes stay as they are.
 *
 * @param options `readOnly`: the server refuses to write for this session
 * @throws ConfigurationError if the driver is configured to use another character set
 */
export async function setMysqlSession(
  connection: MysqlConnection,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Promise<void> {
  const session = await readMysqlSession(connection);
  if (!session.driverWritesUtf8) {
    throw new ConfigurationError(
      `database.connection.charset makes the driver write another character set than ${CHARACTER_SET}; omit it, or use "${CHARACTER_SET}".`,
    );
  }
  const settings = settingsFor(session);
  if (settings.length > 0) await ask(connection, `SET ${settings.join(', ')}`);
  if (readOnly) await ask(connection, 'SET SESSION TRANSACTION READ ONLY');
}

/** The necessary settings as SQL; empty if the session is fine already. */
export function settingsFor({ modes, characterSets }: Pick<MysqlSession, 'modes' | 'characterSets'>): string[] {
  const settings: string[] = [];
  const kept = modes.filter((mode) => !MISREADING.has(mode) && !COMBINED.has(mode));
  if (!isStrict(kept)) kept.push('STRICT_TRANS_TABLES');
  if (kept.length !== modes.length || !isStrict(modes)) settings.push(`SESSION sql_mode = '${kept.join(',')}'`);
  if (characterSets.some((name) => name !== CHARACTER_SET)) settings.push(`NAMES ${CHARACTER_SET}`);
  return settings;
}

/**
 * Refuses a session of the host that would misread statements or strings.
 *
 * @returns what is not ideal but harmless, for the host's log; `undefined` if nothing
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
      `database: the sql_mode of the knex instance's sessions has ${mode}, which makes the server misread strings in statements. Remove it: SET SESSION sql_mode = REPLACE(@@sql_mode, '${mode}', '') in pool.afterCreate, or pass a URL, so that this package sets up its own sessions.`,
    );
  }
  const [client, connection, results] = characterSets;
  if (!driverWritesUtf8 || characterSets.some((name) => name !== CHARACTER_SET)) {
    const found = driverWritesUtf8
      ? `character_set_client = ${client}, character_set_connection = ${connection}, character_set_results = ${results}`
      : 'a driver that writes another character set';
    throw new ConfigurationError(
      `database: the knex instance's sessions have ${found}, so strings would be stored wrongly. Use ${CHARACTER_SET}: connection.charset "${CHARACTER_SET}", and SET NAMES ${CHARACTER_SET} in pool.afterCreate where the server's init_connect or skip-character-set-client-handshake overrules it; or pass a URL.`,
    );
  }
  if (isStrict(modes)) return undefined;
  return "database: the sql_mode of the knex instance's sessions has neither STRICT_TRANS_TABLES nor STRICT_ALL_TABLES, so the server truncates values that do not fit instead of refusing them. Add STRICT_TRANS_TABLES.";
}

function isStrict(modes: readonly string[]): boolean {
  return STRICT.some((mode) => modes.includes(mode));
}

/** Anything that is not the name of a mode is removed, since it becomes part of a statement. */
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
