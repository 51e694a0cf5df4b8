import type { Clock } from '../core/clock.js';
import { reasonOf } from '../core/logged-failure.js';
import type { Logger } from '../core/logger.js';
import type { StoreState } from '../core/observation/outcomes.js';
import { printable } from '../core/printable.js';

export type { StoreState };

/** Receives reports on the state of a store. */
export interface StoreObserver {
  readonly logger: Logger;
  /** What happens without the store, for the log. */
  readonly meanwhile: string;
  readonly onStateChange?: ((state: StoreState, error?: unknown) => void) | undefined;
}

/** The shortest interval between log lines about single requests that were decided without the store. */
const REQUESTS_MILLISECONDS = 60_000;
/** The same for new reasons why the store is down. */
const REASON_MILLISECONDS = 10_000;

/** Reports the state of a store to its observers: each change at once, everything else at most once in a while. */
export class StoreReports {
  private readonly clock: Clock;
  private readonly observers: StoreObserver[] = [];
  /** The number of requests that were decided without the store while it was up, since the last report. */
  private unreportedRequests = 0;
  private nextRequestsAt = Number.NEGATIVE_INFINITY;
  /** The last logged reason why the store is down. */
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
    // Several throttles of one configuration share the engine and the function, which is called once.
    const told = new Set<StoreObserver['onStateChange']>([undefined]);
    for (const { logger, onStateChange } of this.observers) {
      if (told.has(onStateChange)) continue;
      told.add(onStateChange);
      try {
        onStateChange?.(state, error);
      } catch (mistake) {
        logger.error(`onStoreStateChange failed: ${mistake instanceof Error ? mistake.message : String(mistake)}`);
      }
    }
  }

  /** The store is still down, perhaps for another reason: it is back, but refuses the password. */
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

  /** A request was decided without the store, although the store answers. */
  decidedWithout(): void {
    this.unreportedRequests++;
    this.reportRequests();
  }

  /** The store answers, so what was counted before were single requests. */
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
        `The throttle's store answers, but ${requests} decided without it, because it answered late or failed for them; in this case ${meanwhile}.`,
      ),
    );
  }

  /** Once per logger, with everything that happens meanwhile. */
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
