import type { Knex } from 'knex';
import type { Logger } from '../core/logger.js';
import type { IdentitySource, SharedIdentity } from '../core/shared-identity.js';
import { readDatabaseIdentity } from './database-identity.js';

type Listener = (identity: SharedIdentity | undefined) => void;

/** Between two tries, in milliseconds; doubled up to the longest. */
const FIRST_PAUSE_MILLISECONDS = 100;
/** One read by primary key in so many milliseconds costs nothing, and nobody waits for longer after a migration. */
const LONGEST_PAUSE_MILLISECONDS = 5_000;

/**
 * Reads the database's identity, again and again until there is one: with growing pauses while the database is away, or
 * while it is not migrated so far.
 */
export class DatabaseIdentitySource implements IdentitySource {
  readonly #knex: Knex;
  readonly #logger: Logger;
  readonly #listeners: Listener[] = [];
  #identity: SharedIdentity | undefined;
  #isSaidAbsent = false;
  #asking: Promise<SharedIdentity | undefined> | undefined;
  #pauseMilliseconds = FIRST_PAUSE_MILLISECONDS;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Asks nothing before `start()`. */
  constructor(knex: Knex, logger: Logger) {
    this.#knex = knex;
    this.#logger = logger;
  }

  /** Begins to ask. Resolves when the first question is answered, or has failed; never rejects. */
  async start(): Promise<void> {
    await this.ask().catch(() => undefined);
  }

  subscribe(listener: Listener): void {
    if (this.#identity !== undefined) listener(this.#identity);
    else if (this.#isSaidAbsent) listener(undefined);
    if (this.#identity === undefined) this.#listeners.push(listener);
  }

  ask(): Promise<SharedIdentity | undefined> {
    if (this.#identity !== undefined) return Promise.resolve(this.#identity);
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Asks no more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<SharedIdentity | undefined> {
    clearTimeout(this.#timer);
    try {
      this.#learn(await readDatabaseIdentity(this.#knex));
    } finally {
      if (this.#identity === undefined) this.#askLater();
    }
    return this.#identity;
  }

  #askLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.start(), this.#pauseMilliseconds);
    this.#timer.unref();
    this.#pauseMilliseconds = Math.min(2 * this.#pauseMilliseconds, LONGEST_PAUSE_MILLISECONDS);
  }

  #learn(identity: SharedIdentity | undefined): void {
    if (this.#closed) return;
    if (identity === undefined) {
      if (this.#isSaidAbsent) return;
      this.#isSaidAbsent = true;
      this.#logger.warn(
        'The database has no identity yet (migration 0004_database_identity): until it is migrated, tokens are looked up in the database without the shared cache, and counters in Redis are shared with every application of the same keyPrefix.',
      );
    }
    this.#identity = identity;
    for (const listener of this.#listeners) listener(identity);
    if (identity !== undefined) this.#listeners.length = 0;
  }
}
