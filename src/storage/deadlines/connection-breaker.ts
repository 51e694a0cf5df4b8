import { systemClock } from '../../core/clock.js';
import { LogLimiter } from '../../core/log-limiter.js';
import type { Logger } from '../../core/logger.js';
import type { PooledConnection } from '../statements/connection-source.js';
import { DatabaseClosedError, DatabaseDeadlineError, DatabaseUnreachableError } from './deadline-errors.js';
import type { ConnectionPool } from './knex-client.js';
import { timeLimit } from './time-limit.js';

/** A pool that tells how many connections it has and when one was made or could not be: tarn's, which knex uses. */
type TellingPool = ConnectionPool & Required<Pick<ConnectionPool, 'numUsed' | 'numFree' | 'on'>>;

/** Between two tries: an eighth of the time since the connection was lost, so that a short outage heals at once. */
const PAUSE_SHARE = 0.125;
const SHORTEST_PAUSE_MILLISECONDS = 20;
/** One try a second costs a database nothing, and no recovery waits longer than that to be seen. */
const LONGEST_PAUSE_MILLISECONDS = 1_000;
/** How long a caller waits for a try that is near or under way; one who would have to wait longer fails at once. */
const PATIENCE_MILLISECONDS = 250;

const breakers = new WeakMap<ConnectionPool, ConnectionBreaker>();

/** Whether a pool tells what the breaker has to know; one that a driver brings (`connectionPool`) does not. */
function isTelling(pool: ConnectionPool): pool is TellingPool {
  return typeof pool.on === 'function' && typeof pool.numUsed === 'function' && typeof pool.numFree === 'function';
}

/** The breaker of a pool; one, however many users the pool has. `undefined` if the pool does not tell enough. */
export function breakerOf(pool: ConnectionPool, logger: Logger): ConnectionBreaker | undefined {
  const known = breakers.get(pool);
  if (known !== undefined || !isTelling(pool)) return known;
  const breaker = new ConnectionBreaker(pool, logger);
  breakers.set(pool, breaker);
  return breaker;
}

/**
 * Stands before a pool. When nothing is connected and a connection cannot be made, all who wait for one fail together,
 * and who comes next fails at once; then one at a time tries again, with growing pauses. The pool alone would answer
 * them one after the other.
 *
 * Only "cannot connect" opens it: while any connection lives, those who wait are served by that one. A connection that
 * was made closes it.
 */
export class ConnectionBreaker {
  /** Those who wait for a connection of the pool. */
  private readonly waiting = new Set<(error: unknown) => void>();
  /** Those who wait for the outcome of a try: called without an error when they may go to the pool. */
  private readonly watching = new Set<(error?: unknown) => void>();
  /** When the last connection was lost; `undefined`: closed. */
  private lostAt: number | undefined;
  private lastError: unknown;
  private nextTryAt = 0;
  private nextTry: (() => void) | undefined;
  private isTrying = false;
  private isShut = false;
  /** A database that comes and goes many times a second is told of once. */
  private readonly log: LogLimiter;

  constructor(
    private readonly pool: TellingPool,
    logger: Logger,
  ) {
    this.log = new LogLimiter(logger, systemClock);
    pool.on('createSuccess', () => this.close());
    pool.on('createFail', (_: number, error: unknown) => this.failed(error));
  }

  /**
   * A connection from the pool.
   *
   * @throws DatabaseUnreachableError if none can be made, DatabaseDeadlineError if none is free in time,
   *   DatabaseClosedError after `shut()`
   */
  async acquire(deadlineMilliseconds: number): Promise<PooledConnection> {
    if (this.isShut) throw new DatabaseClosedError();
    if (this.lostAt === undefined || this.pool.numFree() > 0) return this.take(deadlineMilliseconds);
    const pause = this.nextTryAt - performance.now();
    if (this.isTrying || pause > 0) {
      if (pause > PATIENCE_MILLISECONDS) throw new DatabaseUnreachableError(this.lastError);
      await this.nextOutcome(pause);
      if (this.lostAt === undefined) return this.take(deadlineMilliseconds);
    }
    this.isTrying = true;
    try {
      return await this.take(deadlineMilliseconds);
    } finally {
      this.isTrying = false;
    }
  }

  /** Fails all who wait for a connection, and all who come from now on. */
  shut(): void {
    this.isShut = true;
    this.failAll(() => new DatabaseClosedError());
  }

  /** Waits for what a pool does not promise: that it has a connection in time. */
  private take(deadlineMilliseconds: number): Promise<PooledConnection> {
    return new Promise((resolve, reject) => {
      const pending = this.pool.acquire();
      let isOver = false;
      const end = (): void => {
        isOver = true;
        cancel();
        this.waiting.delete(giveUp);
      };
      const giveUp = (error: unknown): void => {
        if (isOver) return;
        end();
        pending.abort?.();
        reject(error);
      };
      const cancel = timeLimit(deadlineMilliseconds, () => {
        const error = DatabaseDeadlineError.ofPool(deadlineMilliseconds);
        giveUp(error);
        this.failed(error);
      });
      this.waiting.add(giveUp);
      pending.promise.then(
        (connection) => {
          if (isOver) {
            this.pool.release(connection);
            return;
          }
          end();
          this.close();
          resolve(connection);
        },
        (error: unknown) => giveUp(timedOut(error) ? DatabaseDeadlineError.ofPool(deadlineMilliseconds, error) : error),
      );
    });
  }

  /** Resolves when the pool can connect again, or for the one whose turn it is to try. */
  private nextOutcome(pauseMilliseconds: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const tell = (error?: unknown): void => {
        cancel();
        this.watching.delete(tell);
        if (error === undefined) resolve();
        else reject(error);
      };
      const cancel = timeLimit(PATIENCE_MILLISECONDS, () => tell(new DatabaseUnreachableError(this.lastError)));
      this.watching.add(tell);
      if (this.isTrying) return;
      this.nextTry ??= timeLimit(pauseMilliseconds, () => {
        this.nextTry = undefined;
        const [first] = this.watching;
        first?.();
      });
    });
  }

  private failed(error: unknown): void {
    if (this.isShut || this.pool.numUsed() + this.pool.numFree() > 0) return;
    const now = performance.now();
    if (this.lostAt === undefined) {
      this.lostAt = now;
      this.log.warn(
        'lost',
        `The database cannot be reached (${new DatabaseUnreachableError(error).message}); it is tried again until it can.`,
      );
    }
    this.lastError = error;
    const pause = (now - this.lostAt) * PAUSE_SHARE;
    const bounded = Math.min(Math.max(pause, SHORTEST_PAUSE_MILLISECONDS), LONGEST_PAUSE_MILLISECONDS);
    // Processes that lost the database together do not come back together.
    this.nextTryAt = Math.max(this.nextTryAt, now + bounded * (0.75 + Math.random() / 2));
    this.failAll(() => new DatabaseUnreachableError(error));
  }

  private close(): void {
    if (this.lostAt === undefined) return;
    this.lostAt = undefined;
    this.lastError = undefined;
    this.nextTryAt = 0;
    this.log.info('back', 'The database can be reached again.');
    this.stopWaitingToTry();
    for (const tell of [...this.watching]) tell();
  }

  private failAll(error: () => Error): void {
    this.stopWaitingToTry();
    for (const giveUp of [...this.waiting]) giveUp(error());
    for (const tell of [...this.watching]) tell(error());
  }

  private stopWaitingToTry(): void {
    this.nextTry?.();
    this.nextTry = undefined;
  }
}

/** tarn's own word for "nothing was free in time"; it gives its class no `name`. */
function timedOut(error: unknown): boolean {
  return error instanceof Error && error.constructor.name === 'TimeoutError';
}
