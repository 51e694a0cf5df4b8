import type { Knex } from 'knex';
import { ConfigurationError } from '../../core/errors.js';
import { errorCode } from '../database-errors.js';
import { kindOfError } from '../driver-errors/index.js';
import type { ConnectionSource, PooledConnection } from '../statements/connection-source.js';
import { Preparation } from '../statements/preparation.js';

/** A statement as knex passes it to a driver, with the place for its response. */
interface Statement {
  readonly sql: string;
  readonly bindings?: readonly unknown[];
  readonly options?: object;
  response?: [rows: unknown, fields: unknown];
}

interface ExecutingConnection extends PooledConnection {
  execute?(
    options: { readonly sql: string; readonly values: readonly unknown[] },
    callback: (error: unknown, rows: unknown, fields: unknown) => void,
  ): unknown;
  unprepare?(options: { readonly sql: string }): unknown;
}

/** The members of a knex client for MySQL that are replaced. */
interface MysqlClient {
  pool: unknown;
  connectionSettings: unknown;
  acquireConnection(): Promise<object>;
  releaseConnection(connection: object): Promise<void>;
  emit(event: string, ...parameters: unknown[]): boolean;
  on(event: string, listener: (...parameters: unknown[]) => void): unknown;
  _query(connection: ExecutingConnection, statement: Statement): Promise<Statement>;
}

type ClientClass = new (...parameters: never[]) => MysqlClient;

/** Sets up the session of a connection, or refuses it. */
export type PrepareConnection = (connection: object) => Promise<void>;

/**
 * The server accepts this kind of statement, or of value in it, only as text; this says nothing about prepared
 * statements in general.
 */
const TEXT_ONLY = new Set(['ER_UNSUPPORTED_PS', 'ER_WRONG_ARGUMENTS']);

const EVENTS = ['start', 'query', 'query-error', 'query-response'];

/**
 * The same database on the same pool, with two additions. A connection is prepared before its first use. And strings
 * are sent as bound parameters: otherwise knex's MySQL drivers write values into the statement, where their meaning
 * depends on the server's modes.
 *
 * Numbers, bytes and NULL mean the same in every mode, so statements with nothing else are sent unchanged.
 */
export function withBoundValues(knex: Knex, prepare: PrepareConnection): Knex {
  const source = knex.client as MysqlClient;
  // knex's own way to create a second object for one instance; the copied members are redirected to the original here.
  const bound = knex.withUserParams(knex.userParams ?? {}) as Knex & { client: MysqlClient };
  const { client } = bound;
  const preparation = Preparation.of(bound.client as unknown as ConnectionSource);
  Object.setPrototypeOf(client, bindingClass(source.constructor as ClientClass, preparation).prototype);
  for (const property of ['pool', 'connectionSettings'] as const) {
    Object.defineProperty(client, property, {
      configurable: true,
      enumerable: true,
      get: () => source[property],
      set: (value: unknown) => {
        source[property] = value;
      },
    });
  }
  const acquire = preparing(source, prepare);
  client.acquireConnection = acquire;
  for (const event of EVENTS) {
    // Listeners on the original receive the events of these statements too, even if they are added later.
    bound.removeAllListeners(event);
    client.on(event, (...parameters: unknown[]) => source.emit(event, ...parameters));
  }
  return bound;
}

function preparing(source: MysqlClient, prepare: PrepareConnection): () => Promise<object> {
  const outcomes = new WeakMap<object, ConfigurationError | true>();
  return async () => {
    const connection = await source.acquireConnection();
    const known = outcomes.get(connection);
    if (known === true) return connection;
    try {
      if (known !== undefined) throw known;
      await prepare(connection);
    } catch (error) {
      if (error instanceof ConfigurationError) outcomes.set(connection, error);
      else (connection as PooledConnection).__knex__disposed ??= error;
      await source.releaseConnection(connection);
      throw error;
    }
    outcomes.set(connection, true);
    return connection;
  };
}

/** knex creates the clients of transactions from the class, so the class itself has to bind. */
function bindingClass(Base: ClientClass, preparation: Preparation): ClientClass {
  const Binding = class extends Base {
    override async _query(connection: ExecutingConnection, statement: Statement): Promise<Statement> {
      const { bindings } = statement;
      if (bindings === undefined || bindings.every(isUnmistakable)) return super._query(connection, statement);
      if (connection.execute !== undefined && preparation.isWanted(performance.now())) {
        try {
          return await execute(connection, statement, bindings);
        } catch (error) {
          if (kindOfError(error) !== 'statement') throw error;
          if (!TEXT_ONLY.has(errorCode(error))) preparation.failed(error);
          // Otherwise the driver would send the same handle again.
          connection.unprepare?.({ ...statement.options, sql: statement.sql });
        }
      }
      return super._query(connection, { ...statement, bindings: bindings.map(asLiteral) });
    }
  };
  Object.defineProperty(Binding, 'name', { value: Base.name });
  return Binding;
}

function isUnmistakable(value: unknown): boolean {
  return (
    value === null ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    typeof value === 'bigint' ||
    Buffer.isBuffer(value)
  );
}

/**
 * A value as a literal in a statement without parameters. Hexadecimal digits cannot end a literal in any mode. A list
 * would be written as several values and an object as assignments, which no statement here needs.
 */
function asLiteral(value: unknown): unknown {
  if (typeof value === 'string') {
    const literal = `_utf8mb4 X'${Buffer.from(value, 'utf8').toString('hex')}'`;
    return { toSqlString: () => literal };
  }
  if (isUnmistakable(value) || value instanceof Date) return value;
  throw new TypeError('A value in a statement is neither a string, a number, bytes nor a date.');
}

function execute(
  connection: ExecutingConnection,
  statement: Statement,
  values: readonly unknown[],
): Promise<Statement> {
  return new Promise((resolve, reject) => {
    const { sql, options } = statement;
    connection.execute?.({ ...options, sql, values }, (error, rows, fields) => {
      if (error) {
        reject(error);
        return;
      }
      statement.response = [rows, fields];
      resolve(statement);
    });
  });
}
