import type { Database } from './database.js';
import { isMissingReference, retryContention } from './database-errors.js';
import { boundsOf } from './deadlines/index.js';
import { requireDigest } from './ids.js';
import type { Application } from './models/application.js';
import type { OAuth2Models } from './models/oauth2-models.js';
import type { TokenRepository } from './repositories/token-repository.js';
import type { ConnectionSource, PooledConnection } from './statements/connection-source.js';
import { Mysql2Driver } from './statements/mysql2-driver.js';
import { PgDriver } from './statements/pg-driver.js';
import { PooledStatement, type StatementDriver } from './statements/pooled-statement.js';
import type { PreparationOptions } from './statements/preparation.js';
import type { TableNames } from './tables.js';

/** An access token of an application alone, as it is stored. */
export interface ApplicationToken {
  /** SHA-256 of the token, 32 bytes. */
  readonly tokenHash: Buffer;
  /** Scopes, separated by spaces. */
  readonly scope: string;
  /** Its audience (RFC 8707). */
  readonly audience: readonly string[] | null;
  readonly createdAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
}

/** The secret with which an application authenticated, and when. */
export interface SecretProof {
  /** SHA-256 of the secret, 32 bytes. */
  readonly secretHash: Buffer;
  /** Milliseconds since the Unix epoch. */
  readonly nowMilliseconds: number;
}

/** Stores issued tokens. */
export interface TokenWriter {
  /**
   * Stores an access token of an application alone, provided that the application's row is unchanged since it was read,
   * not disabled, and that the presented secret is valid now. So decisions that were made for the row as it was read
   * are still correct when the token is stored.
   *
   * @param proof the presented secret; the default is the present one of the application as it was read
   * @returns whether it was stored
   * @throws TemporarilyUnavailableError if the database cannot answer; then nobody has the token
   */
  insertIfUnchanged(application: Application, token: ApplicationToken, proof?: SecretProof): Promise<boolean>;
}

/** What a writer depends on. */
export interface TokenWriterDependencies extends PreparationOptions {
  readonly database: Database;
  readonly models: OAuth2Models;
  readonly tables: TableNames;
  readonly tokens: TokenRepository;
  /** Whether access tokens have a model of the host, which must see what is stored. */
  readonly ownModel: boolean;
}

/** Creates the writer: one prepared statement if the driver is known, otherwise the models. */
export function createTokenWriter(dependencies: TokenWriterDependencies): TokenWriter {
  const { database, models, tables, tokens, ownModel, preparedStatements, logger } = dependencies;
  const { source: knex, deadlineMilliseconds } = boundsOf(database);
  const source = knex.client as ConnectionSource;
  const driver = ownModel ? undefined : driverOf(source.driverName, tables);
  return driver === undefined
    ? new ModelTokenWriter(models, tokens)
    : new PreparedTokenWriter(
        new PooledStatement(source, driver, {
          ...{ preparedStatements, logger },
          timeoutMilliseconds: deadlineMilliseconds,
          repeatable: false,
        }),
      );
}

function driverOf(name: string, tables: TableNames): StatementDriver<PooledConnection> | undefined {
  if (name === 'mysql2') return new Mysql2Driver(insertion(tables, '`', MYSQL)) as StatementDriver<PooledConnection>;
  if (name === 'pg') return new PgDriver(insertion(tables, '"', POSTGRES)) as StatementDriver<PooledConnection>;
  return undefined;
}

const MYSQL = Array.from({ length: 10 }, () => '?');
/** In a select list PostgreSQL treats every parameter as text unless its type is given. */
const POSTGRES_TYPES = ['bytea', 'text', 'text', 'bigint', 'bigint', 'text', 'bytea', 'bytea', 'bigint', 'bigint'];
const POSTGRES = POSTGRES_TYPES.map((type, index) => `$${index + 1}::${type}`);

/** The names were checked by `completeTableNames`; only the quotes differ. */
function insertion(tables: TableNames, quote: '"' | '`', values: readonly string[]): string {
  const quoted = (name: string) => `${quote}${name}${quote}`;
  const [tokenHash, scope, audience, createdAt, expiresAt, clientId, present, previous, now, updatedAt] = values;
  return (
    `INSERT INTO ${quoted(tables.accessTokens)} ` +
    '(token_hash, application_id, scope, audience, created_at_ms, expires_at_ms) ' +
    `SELECT ${tokenHash}, a.id, ${scope}, ${audience}, ${createdAt}, ${expiresAt} ` +
    `FROM ${quoted(tables.applications)} a WHERE a.client_id = ${clientId} AND (a.client_secret_hash = ${present} ` +
    `OR (a.previous_client_secret_hash = ${previous} AND a.previous_secret_expires_at_ms > ${now})) ` +
    `AND a.disabled_at_ms IS NULL AND a.updated_at_ms = ${updatedAt}`
  );
}

class PreparedTokenWriter implements TokenWriter {
  constructor(private readonly statement: PooledStatement<PooledConnection>) {}

  async insertIfUnchanged(application: Application, token: ApplicationToken, proof?: SecretProof): Promise<boolean> {
    const { clientId, updatedAtMilliseconds } = application;
    const { secretHash, nowMilliseconds } = proof ?? presentSecret(application, token);
    const { tokenHash, scope, audience, createdAtMilliseconds, expiresAtMilliseconds } = token;
    const values = [
      requireDigest(tokenHash),
      scope,
      audience === null ? null : JSON.stringify(audience),
      createdAtMilliseconds,
      expiresAtMilliseconds,
      clientId,
      secretHash,
      secretHash,
      nowMilliseconds,
      updatedAtMilliseconds,
    ];
    const { affectedRows } = await retryContention(() => this.statement.run(values));
    return affectedRows === 1;
  }
}

class ModelTokenWriter implements TokenWriter {
  constructor(
    private readonly models: OAuth2Models,
    private readonly tokens: TokenRepository,
  ) {}

  async insertIfUnchanged(application: Application, token: ApplicationToken, proof?: SecretProof): Promise<boolean> {
    const current = await retryContention(async () => this.models.Application.query().findById(application.id));
    if (
      current === undefined ||
      current.isDisabled() ||
      current.updatedAtMilliseconds !== application.updatedAtMilliseconds
    )
      return false;
    const { secretHash, nowMilliseconds } = proof ?? presentSecret(application, token);
    if (secretHash === null || !current.isGeneratedSecret(secretHash, nowMilliseconds)) return false;
    try {
      await this.tokens.insertAccessToken({ ...token, applicationId: application.id });
      return true;
    } catch (error) {
      // The application was deleted in between.
      if (isMissingReference(error)) return false;
      throw error;
    }
  }
}

function presentSecret({ clientSecretHash }: Application, { createdAtMilliseconds }: ApplicationToken) {
  return { secretHash: clientSecretHash, nowMilliseconds: createdAtMilliseconds };
}
