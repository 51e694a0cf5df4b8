import { type Logger, silentLogger } from '../../core/logger.js';
import { readError } from '../driver-errors/index.js';
import type { ConnectionSource } from './connection-source.js';

/** How statements of a pool are to be run. */
export interface PreparationOptions {
  /** Whether statements stay prepared on their connections. Default true. */
  readonly preparedStatements?: boolean;
  /** Where it is said that this is given up; the default keeps silent. */
  readonly logger?: Logger;
}

/** MySQL: all that the server may keep are in use, by whomever. That passes. */
const NONE_LEFT = 'ER_MAX_PREPARED_STMT_COUNT_REACHED';
const NONE_LEFT_NUMBER = 1461;
const WITHOUT_MILLISECONDS = 60_000;

/** What the schema has changed under: preparing once more is enough. */
const STALE = new Set(['0A000', 'ER_NEED_REPREPARE']);

/** So many statements that got lost within a minute are no accident: something between hands out other connections. */
const LOST_AT_MOST = 3;

/**
 * Whether the statements of a pool are prepared. They are as long as that works: where prepared statements get lost
 * (PgBouncer in transaction mode), it is given up for good; where the server has none left, for a minute.
 */
export class Preparation {
  private static readonly known = new WeakMap<object, Preparation>();
  private withoutUntil = Number.NEGATIVE_INFINITY;
  private readonly lost: number[] = [];

  private constructor(private logger: Logger) {}

  /** The one of a pool: its statements are lost or kept together. */
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

  /** Told of every error that says that a prepared statement cannot be used. */
  failed(error: unknown): void {
    const now = performance.now();
    if (!this.isWanted(now)) return;
    const { code = '', errno, message = '' } = readError(error) ?? {};
    if (code === NONE_LEFT || errno === NONE_LEFT_NUMBER) {
      this.withoutUntil = now + WITHOUT_MILLISECONDS;
      this.logger.warn(`The database prepares no more statements (${message}); for a minute they go unprepared.`);
      return;
    }
    if (STALE.has(code)) return;
    this.lost.push(now);
    while ((this.lost[0] as number) < now - WITHOUT_MILLISECONDS) this.lost.shift();
    if (this.lost.length < LOST_AT_MOST) return;
    this.withoutUntil = Number.POSITIVE_INFINITY;
    this.logger.warn(
      `Prepared statements get lost between here and the database (${message}); from now on they go unprepared. Where a pooler hands out another connection for each transaction, set preparedStatements: false.`,
    );
  }
}
