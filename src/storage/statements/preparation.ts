import { type Logger, silentLogger } from '../../core/logger.js';
import { readError } from '../driver-errors/index.js';
import type { ConnectionSource } from './connection-source.js';

/** Options for the statements of a pool. */
export interface PreparationOptions {
  /** Whether statements stay prepared on their connections. Default true. */
  readonly preparedStatements?: boolean;
  /** Receives a line when prepared statements are given up; the default discards it. */
  readonly logger?: Logger;
}

/** MySQL: the server's limit of prepared statements is exhausted, by any client. This is temporary. */
const NONE_LEFT = 'ER_MAX_PREPARED_STMT_COUNT_REACHED';
const NONE_LEFT_NUMBER = 1461;
const WITHOUT_MILLISECONDS = 60_000;

/** The schema has changed since the statement was prepared: preparing it once more is sufficient. */
const STALE = new Set(['0A000', 'ER_NEED_REPREPARE']);

/** If more statements than this are lost within a minute, something in between assigns other connections. */
const LOST_AT_MOST = 3;

/**
 * Whether the statements of a pool are prepared. They are as long as that works: if prepared statements get lost
 * (PgBouncer in transaction mode), they are not prepared any more; if the server has no capacity, not for a minute.
 */
export class Preparation {
  private static readonly known = new WeakMap<object, Preparation>();
  private withoutUntil = Number.NEGATIVE_INFINITY;
  private readonly lost: number[] = [];

  private constructor(private logger: Logger) {}

  /** One per pool: its statements are lost or kept together. */
  static of(source: ConnectionSource, options: PreparationOptions = {}): Preparation {
    // Two faces of one knex instance have one pool.
    const pool = source.pool ?? source;
    let preparation = Preparation.known.get(pool);
    if (preparation === undefined) {
      preparation = new Preparation(options.logger ?? silentLogger);
      Preparation.known.set(pool, preparation);
    }
    if (options.logger !== undefined) preparation.logger = options.logger;
    if (options.preparedStatements === false) preparation.withoutUntil = Number.POSITIVE_INFINITY;
    return preparation;
  }

  /** Whether statements are to be prepared now, by `performance.now()`. */
  isWanted(now: number): boolean {
    return now >= this.withoutUntil;
  }

  /** Called with every error that says that a prepared statement cannot be used. */
  failed(error: unknown): void {
    const now = performance.now();
    if (!this.isWanted(now)) return;
    const { code = '', errno, message = '' } = readError(error) ?? {};
    if (code === NONE_LEFT || errno === NONE_LEFT_NUMBER) {
      this.withoutUntil = now + WITHOUT_MILLISECONDS;
      this.logger.warn(`The database prepares no more statements (${message}); for a minute they are sent unprepared.`);
      return;
    }
    if (STALE.has(code)) return;
    this.lost.push(now);
    while ((this.lost[0] as number) < now - WITHOUT_MILLISECONDS) this.lost.shift();
    if (this.lost.length < LOST_AT_MOST) return;
    this.withoutUntil = Number.POSITIVE_INFINITY;
    this.logger.warn(
      `Prepared statements get lost on the way to the database (${message}); from now on they are sent unprepared. If a pooler assigns another connection for each transaction, set preparedStatements: false.`,
    );
  }
}
