import type { Clock } from '../core/clock.js';
import { reasonOf } from '../core/logged-failure.js';
import type { Logger } from '../core/logger.js';
import { printable } from '../core/printable.js';

export type StoreState = 'up' | 'down';

/** Receives reports on the state of a store. */
export interface StoreObserver {
  readonly logger: Logger;
  /** What is done without the store, for the log. */
  readonly meanwhile: string;
  readonly onStateChange?: ((state: StoreState, error?: unknown) => void) | undefined;
}

/** That single requests were decided without the store is logged at most this often. */
const REQUESTS_MILLISECONDS = 60_000;
/** That it is down for another reason than the one logged last, likewise. */
const REASON_MILLISECONDS = 10_000;

/** Reports the state of a store to its observers: each change at once, everything else at most once in a while. */
export class StoreReports {
  private readonly clock: Clock;
  private readonly observers: StoreObserver[] = [];
  /** Requests that were decided without the store while it was up, since they were reported last. */
  private unreportedRequests = 0;
  private nextRequestsAt = Number.NEGATIVE_INFINITY;
  /** Why the store is down, as it was logged last. */
  private reportedReason = '';
  private nextReasonAt = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  add(observer: StoreObserver): void {
    this.observers.push(observer);
  }

  changed(state: StoreState, error: unknown): void {
    this.unreportedRequests = 0;
    const reason = printable(reasonOf(error));
    this.reportedReason = reason;
    this.nextReasonAt = this.clock.monotonicMilliseconds() + REASON_MILLISECONDS;
    this.log((logger, meanwhile) => {
      if (state === 'down') logger.error(`The throttle's store is down, ${meanwhile}: ${reason}`);
      else logger.info("The throttle's store is up again.");
    });
    for (const { logger, onStateChange } of this.observers) {
      try {
        onStateChange?.(state, error);
      } catch (mistake) {
        logger.error(`onStoreStateChange failed: ${mistake instanceof Error ? mistake.message : String(mistake)}`);
      }
    }
  }

  /** The store stays down, perhaps for another reason: it is back, and refuses the password. */
  stillDown(error: unknown): void {
    const now = this.clock.monotonicMilliseconds();
    if (now < this.nextReasonAt) return;
    const reason = printable(reasonOf(error));
    if (reason === this.reportedReason) return;
    this.reportedReason = reason;
    this.nextReasonAt = now + REASON_MILLISECONDS;
    this.log((logger, meanwhile) => logger.error(`The throttle's store is still down, ${meanwhile}: ${reason}`));
  }

  /** Counts a request that was decided without the store. Whether the store is up is not known yet. */
  count(): void {
    this.unreportedRequests++;
  }

  /** A request was decided without the store, though the store answers. */
  decidedWithout(): void {
    this.unreportedRequests++;
    this.reportRequests();
  }

  /** The store answers: what was counted before were single requests. */
  answered(): void {
    if (this.unreportedRequests > 0) this.reportRequests();
  }

  private reportRequests(): void {
    const now = this.clock.monotonicMilliseconds();
    if (now < this.nextRequestsAt) return;
    this.nextRequestsAt = now + REQUESTS_MILLISECONDS;
    const requests = this.unreportedRequests === 1 ? '1 request was' : `${this.unreportedRequests} requests were`;
    this.unreportedRequests = 0;
    this.log((logger, meanwhile) =>
      logger.warn(
        `The throttle's store answers, but ${requests} decided without it, since it answered late or failed for them; ${meanwhile} in this case.`,
      ),
    );
  }

  /** Once to each logger, with everything that is done meanwhile. */
  private log(write: (logger: Logger, meanwhile: string) => void): void {
    const meanwhileByLogger = new Map<Logger, Set<string>>();
    for (const { logger, meanwhile } of this.observers) {
      const known = meanwhileByLogger.get(logger);
      if (known === undefined) meanwhileByLogger.set(logger, new Set([meanwhile]));
      else known.add(meanwhile);
    }
    for (const [logger, meanwhile] of meanwhileByLogger) write(logger, [...meanwhile].join('; '));
  }
}
