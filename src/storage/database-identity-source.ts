import type { Knex } from 'knex';
import type { Logger } from '../core/logger.js';
import type { IdentitySource, SharedIdentity } from '../core/shared-identity.js';
import { readDatabaseIdentity } from './database-identity.js';
import { withoutStatement } from './driver-errors/index.js';
import { IDENTITY_TABLE } from './migrations/0004-database-identity.js';

type Listener = (identity: SharedIdentity | undefined) => void;

/** A new database is migrated within this time; before that, a missing identity is not logged. */
const GRACE_MILLISECONDS = 3_000;

/** The pause between two attempts, in milliseconds; it doubles up to the longest. */
const FIRST_PAUSE_MILLISECONDS = 100;
/** One read by primary key in this interval costs almost nothing, and limits the delay after a migration. */
const LONGEST_PAUSE_MILLISECONDS = 5_000;

/**
 * Reads the identity of the database, repeatedly until there is one, with growing pauses while the database is
 * unavailable or not migrated far enough.
 */
export class DatabaseIdentitySource implements IdentitySource {
  private readonly knex: Knex;
  private readonly logger: Logger;
  private readonly listeners: Listener[] = [];
  private identity: SharedIdentity | undefined;
  private absentSince: number | undefined;
  private isSaidAbsent = false;
  private isSaidFailure = false;
  private settle: () => void = () => undefined;
  private readonly whenSettled = new Promise<void>((resolve) => {
    this.settle = resolve;
  });
  private asking: Promise<SharedIdentity | undefined> | undefined;
  /** The question that follows when the current one has been answered. */
  private next: Promise<SharedIdentity | undefined> | undefined;
  private pauseMilliseconds = FIRST_PAUSE_MILLISECONDS;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  /** Asks nothing before `start()`. */
  constructor(knex: Knex, logger: Logger) {
    this.knex = knex;
    this.logger = logger;
  }

  /** Starts asking. */
  start(): void {
    this.ask().catch((error: unknown) => {
      this.sayFailure(error);
      this.settle();
    });
  }

  /** Resolves when the identity is known, when the database was found to have none, or when it could not answer. */
  settled(): Promise<void> {
    return this.whenSettled;
  }

  subscribe(listener: Listener): void {
    if (this.identity !== undefined) listener(this.identity);
    else if (this.isSaidAbsent) listener(undefined);
    if (this.identity === undefined) this.listeners.push(listener);
  }

  ask(): Promise<SharedIdentity | undefined> {
    if (this.identity !== undefined) return Promise.resolve(this.identity);
    if (this.asking === undefined) return this.begin();
    // A question in progress may have seen the database before the caller's change.
    this.next ??= this.asking
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.identity ?? this.begin();
      });
    return this.next;
  }

  private begin(): Promise<SharedIdentity | undefined> {
    this.asking ??= this.readIdentity().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  /** Stops asking. */
  close(): void {
    this.closed = true;
    this.settle();
    clearTimeout(this.timer);
  }

  private async readIdentity(): Promise<SharedIdentity | undefined> {
    clearTimeout(this.timer);
    try {
      this.learn(await readDatabaseIdentity(this.knex));
    } finally {
      if (this.identity === undefined) this.askLater();
    }
    return this.identity;
  }

  private askLater(): void {
    if (this.closed) return;
    this.timer = setTimeout(() => this.start(), this.pauseMilliseconds);
    this.timer.unref();
    this.pauseMilliseconds = Math.min(2 * this.pauseMilliseconds, LONGEST_PAUSE_MILLISECONDS);
  }

  private learn(identity: SharedIdentity | undefined): void {
    if (this.closed) return;
    if (identity === undefined && !this.isToBeSaidAbsent()) return;
    this.identity = identity;
    for (const listener of this.listeners) listener(identity);
    if (identity !== undefined) this.listeners.length = 0;
    this.settle();
  }

  /** Once: other parts log an outage too, but not a missing privilege. */
  private sayFailure(error: unknown): void {
    if (this.isSaidFailure || this.closed) return;
    this.isSaidFailure = true;
    const { message, details } = error as {
      readonly message?: string;
      readonly details?: { readonly detail?: unknown };
    };
    const reason = withoutStatement(String(details?.detail ?? message));
    this.logger.warn(
      `The identity of the database cannot be read from ${IDENTITY_TABLE} (${reason}). The attempt is repeated; until then this process does not use the token cache in Redis, and its throttles act as if Redis were unavailable.`,
    );
  }

  /** Whether it is time to log, once, that the database has no identity. */
  private isToBeSaidAbsent(): boolean {
    const now = performance.now();
    this.absentSince ??= now;
    if (this.isSaidAbsent || now - this.absentSince < GRACE_MILLISECONDS) return false;
    this.isSaidAbsent = true;
    this.logger.warn(
      'The database has no identity yet (migration 0004_database_identity). Until it is migrated, this process does not use the token cache in Redis, and shares its counters in Redis with every application that has the same keyPrefix.',
    );
    return true;
  }
}
