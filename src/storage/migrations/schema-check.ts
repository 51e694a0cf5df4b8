import type { Knex } from 'knex';
import type { Clock } from '../../core/clock.js';
import { type ConfigurationError, TemporarilyUnavailableError } from '../../core/errors.js';
import { schemaProblem } from './status.js';

/** While the database is not migrated, it is asked again at most once in this time. */
const PAUSE_MILLISECONDS = 1_000;

/**
 * Knows whether the database has the tables that the requests need. It is asked once, by `ready()` or for the first
 * request, and then again only while it is not migrated.
 */
export class SchemaCheck {
  /** Whether nothing is to be checked any more; read for every request. */
  isGood: boolean;
  private problem: ConfigurationError | undefined;
  private askAgainAt = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | undefined;

  /** @param needed the names of the tables that requests need; none if they do not need the database */
  constructor(
    private readonly knex: Knex,
    private readonly needed: readonly string[],
    private readonly clock: Clock,
  ) {
    this.isGood = needed.length === 0;
  }

  /**
   * @throws ConfigurationError if the database is not migrated, or was migrated by an incompatible version
   * @throws TemporarilyUnavailableError if the database cannot answer
   */
  async assertGood(): Promise<void> {
    if (this.isGood) return;
    await this.ask();
    if (this.problem !== undefined) throw this.problem;
  }

  /**
   * Lets a request through, unless it is known that the database is not migrated. If the database cannot answer, the
   * request finds out itself, where it needs it.
   *
   * @throws TemporarilyUnavailableError
   */
  async admit(): Promise<void> {
    if (this.clock.monotonicMilliseconds() >= this.askAgainAt) await this.ask().catch(() => undefined);
    if (this.problem !== undefined && !this.isGood) throw refusalBy(this.problem);
  }

  /** To be called after migrating. */
  async askAnew(): Promise<void> {
    this.askAgainAt = Number.NEGATIVE_INFINITY;
    await this.ask().catch(() => undefined);
  }

  private ask(): Promise<void> {
    this.asking ??= this.look().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  private async look(): Promise<void> {
    this.problem = await schemaProblem(this.knex, this.needed);
    this.isGood = this.problem === undefined;
    this.askAgainAt = this.clock.monotonicMilliseconds() + PAUSE_MILLISECONDS;
  }
}

function refusalBy(problem: ConfigurationError): TemporarilyUnavailableError {
  return new TemporarilyUnavailableError({ part: 'migrations', detail: problem.message, cause: problem });
}
