import { systemClock } from '../../core/clock.js';
import { LogLimiter } from '../../core/log-limiter.js';
import type { Logger } from '../../core/logger.js';
import type { StoreState } from '../../core/observation/outcomes.js';
import type { PooledConnection } from '../statements/connection-source.js';
import { DatabaseClosedError, DatabaseDeadlineError, DatabaseUnreachableError } from './deadline-errors.js';
import type { ConnectionPool } from './knex-client.js';
import { timeLimit } from './time-limit.js';

/** A pool that reports how many connections it has and when opening one succeeds or fails: tarn's, which knex uses. */
type TellingPool = ConnectionPool & Required<Pick<ConnectionPool, 'numUsed' | 'numFree' | 'on'>>;

/** The state of a pool. */
export interface PoolReading {
  readonly state: StoreState;
  /** Connections that are lent now. */
  readonly used: number;
  readonly free: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
}

/**
 * The pause between two attempts: an eighth of the time since the connection was lost, so that a short outage ends
 * quickly.
 */
const PAUSE_SHARE = 0.125;
const SHORTEST_PAUSE_MILLISECONDS = 20;
/** One attempt per second costs a database almost nothing, and no recovery takes longer to be noticed. */
const LONGEST_PAUSE_MILLISECONDS = 1_000;
/** How long a caller waits for an attempt that is imminent or in progress; otherwise it fails immediately. */
const PATIENCE_MILLISECONDS = 250;

const breakers = new WeakMap<ConnectionPool, ConnectionBreaker>();

/** Whether a pool reports what the breaker needs; that of a driver (`connectionPool`) does not. */
function isTelling(pool: ConnectionPool): pool is TellingPool {
  return typeof pool.on === 'function' && typeof pool.numUsed === 'function' && typeof pool.numFree === 'function';
}

/** The breaker of a pool; one, however many users the pool has. `undefined` if the pool does not report enough. */
export function breakerOf(pool: ConnectionPool, logger: Logger): ConnectionBreaker | undefined {
  const known = breakers.get(pool);
  if (known !== undefined || !isTelling(pool)) return known;
  const breaker = new ConnectionBreaker(pool, logger);
  breakers.set(pool, breaker);
  return breaker;
}

/**
 * A circuit breaker for a pool. If nothing is connected and a connection cannot be opened, all waiting callers fail
 * together, and later ones fail immediately; then one at a time tries again, with growing pauses. The pool alone would
 * answer them one after the other.
 *
 * Only "cannot connect" opens it: while any connection lives, waiting callers are served by that one. A new connection
 * closes it.
 */
export class ConnectionBreaker {
  /** The callers that wait for a connection of the pool. */
  private readonly waiting = new Set<(error: unknown) => void>();
  /** The callers that wait for the outcome of an attempt; called without an error when they may use the pool. */
  private readonly watching = new Set<(error?: unknown) => void>();
  /** When the last connection was lost; `undefined`: closed. */
  private lostAt: number | undefined;
  private lastError: unknown;
  private nextTryAt = 0;
  private nextTry: (() => void) | undefined;
  private isTrying = false;
  private isShut = false;
  private readonly observers = new Set<(state: StoreState) => void>();
  /** Limits the log if the database comes and goes many times a second. */
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
   * Takes a connection from the pool.
   *
   * @throws DatabaseUnreachableError if none can be opened, DatabaseDeadlineError if none is free in time,
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

  /** How the pool is used now, and whether connections can be opened. */
  get reading(): PoolReading {
    const { pool } = this;
    return {
      state: this.lostAt === undefined ? 'up' : 'down',
      used: pool.numUsed(),
      free: pool.numFree(),
      waiting: this.waiting.size,
    };
  }

  /** Calls back when the database can no longer be reached, and when it can again. Returns a function that ends that. */
  observe(observer: (state: StoreState) => void): () => void {
    this.observers.add(observer);
    return () => {
      this.observers.delete(observer);
    };
  }

  /** Fails all callers that wait for a connection, and all later ones. */
  shut(): void {
    this.isShut = true;
    this.failAll(() => new DatabaseClosedError());
  }

  /** Takes a connection within a deadline, which a pool itself does not guarantee. */
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

  /** Resolves when the pool can connect again, or when it is this caller's turn to try. */
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
      for (const observer of this.observers) observer('down');
      this.log.warn(
        'lost',
        `The database cannot be reached (${new DatabaseUnreachableError(error).message}); the attempt is repeated until it succeeds.`,
      );
    }
    this.lastError = error;
    const pause = (now - this.lostAt) * PAUSE_SHARE;
    const bounded = Math.min(Math.max(pause, SHORTEST_PAUSE_MILLISECONDS), LONGEST_PAUSE_MILLISECONDS);
    // Random, so that processes which lost the database together do not all return at once.
    this.nextTryAt = Math.max(this.nextTryAt, now + bounded * (0.75 + Math.random() / 2));
    this.failAll(() => new DatabaseUnreachableError(error));
  }

  private close(): void {
    if (this.lostAt === undefined) return;
    this.lostAt = undefined;
    for (const observer of this.observers) observer('up');
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

/** tarn's error for "nothing was free in time"; its class has no `name`. */
function timedOut(error: unknown): boolean {
  return error instanceof Error && error.constructor.name === 'TimeoutError';
}
