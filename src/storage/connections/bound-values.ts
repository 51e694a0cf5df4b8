import type { Knex } from 'knex';
import { ConfigurationError } from '../../core/errors.js';
import { errorCode } from '../database-errors.js';
import { kindOfError } from '../driver-errors/index.js';
import type { ConnectionSource, PooledConnection } from '../statements/connection-source.js';
import { Preparation } from '../statements/preparation.js';

/** What knex hands to a driver, and takes the answer from. */
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

/** The part of a knex client for MySQL that is replaced. */
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

/** Makes a connection's session fit for use, or refuses it. */
export type PrepareConnection = (connection: object) => Promise<void>;

/** A server takes this kind of statement, or of value in it, as a text only: no word about prepared ones elsewhere. */
const TEXT_ONLY = new Set(['ER_UNSUPPORTED_PS', 'ER_WRONG_ARGUMENTS']);

const EVENTS = ['start', 'query', 'query-error', 'query-response'];

/**
 * The same database, on the same pool, with two properties more. A connection is prepared before its first use. And
 * texts reach the server as bound parameters: by themselves the MySQL drivers of knex write values into the statement,
 * and what the server makes of them depends on its modes.
 *
 * Numbers, bytes and NULL have one reading under every mode, so statements with nothing else are sent as they are.
 */
export function withBoundValues(knex: Knex, prepare: PrepareConnection): Knex {
  const source = knex.client as MysqlClient;
  // knex's own way to a second face of one instance; what is a copy there leads to the original here.
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
    // Whoever listens at the original hears of these statements too, also who comes later.
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

/** knex makes the clients of transactions from the class, so it is the class that has to bind. */
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
          // The driver would send the same handle again.
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
 * A value as a statement without parameters has it. The digits of a text end no literal under any mode. A list would be
 * written as several values and an object as assignments, which no statement here means.
 */
function asLiteral(value: unknown): unknown {
  if (typeof value === 'string') {
    const literal = `_utf8mb4 X'${Buffer.from(value, 'utf8').toString('hex')}'`;
    return { toSqlString: () => literal };
  }
  if (isUnmistakable(value) || value instanceof Date) return value;
  throw new TypeError('A value of a statement is neither text, number, bytes nor time.');
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
