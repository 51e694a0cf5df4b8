import type { Clock } from '../core/clock.js';
import { ConfigurationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { isPromiseLike } from '../core/promises.js';
import type { Charge, ThrottleDecision, ThrottleEngine } from './engine.js';
import { UndecidedError } from './undecided-error.js';

export type StoreState = 'up' | 'down';

export interface StoreGuardOptions {
  readonly engine: ThrottleEngine;
  readonly deadlineMilliseconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is done meanwhile, for the log. */
  readonly meanwhile: string;
  readonly onStateChange?: ((state: StoreState, error?: unknown) => void) | undefined;
}

/** How long a failed store is left alone before one request tries it again. */
const PAUSE_MILLISECONDS = 1000;
/** A timer that is this late tells of a busy process, not of a slow store. */
const LATE_MILLISECONDS = 5;

/**
 * Stands before an engine and answers within a deadline, whether the store is slow, frozen or gone. After a failure
 * the store is left alone for a second; then one request tries it, while the others do without.
 */
export class StoreGuard {
  readonly #options: StoreGuardOptions;
  #state: StoreState = 'up';
  #retryAt = 0;
  #probing = false;

  constructor(options: StoreGuardOptions) {
    this.#options = options;
  }

  get state(): StoreState {
    return this.#state;
  }

  /**
   * The engine's decision, or `undefined` if the store cannot give one in time. Never rejects for the store's sake.
   *
   * @param undoLate whether a decision that comes after the deadline is to be undone, as the request was not admitted
   * @throws ConfigurationError if the engine cannot count such a charge at all
   */
  consume(
    charges: readonly Charge[],
    undoLate: boolean,
  ): ThrottleDecision | undefined | Promise<ThrottleDecision | undefined> {
    let probe = false;
    if (this.#state === 'down') {
      if (this.#probing || this.#options.clock.monotonicMilliseconds() < this.#retryAt) return undefined;
      probe = this.#probing = true;
    }
    let answer: ThrottleDecision | Promise<ThrottleDecision>;
    try {
      answer = this.#options.engine.consume(charges);
    } catch (error) {
      if (probe && error instanceof UndecidedError) this.#answeredFromMemory();
      else this.#failed(error, probe);
      return undefined;
    }
    if (isPromiseLike(answer)) return this.#withinDeadline(answer, charges, probe, undoLate);
    if (probe) this.#answeredFromMemory();
    return answer;
  }

  /** What the engine decides by itself while the store cannot be asked; `undefined` if it cannot. */
  consumeAlone(charges: readonly Charge[]): ThrottleDecision | undefined {
    return this.#options.engine.consumeAlone?.(charges);
  }

  /** Gives back what a decision of the engine spent, as far as that is possible now; failures are not told. */
  refund(charges: readonly Charge[], decision: ThrottleDecision): void {
    try {
      const done = this.#options.engine.refund(charges, decision);
      if (isPromiseLike(done)) done.catch(() => {});
    } catch {
      // What is not given back stays spent until its window ends.
    }
  }

  #withinDeadline(
    answer: Promise<ThrottleDecision>,
    charges: readonly Charge[],
    probe: boolean,
    undoLate: boolean,
  ): Promise<ThrottleDecision | undefined> {
    const { clock, deadlineMilliseconds } = this.#options;
    return new Promise((resolve, reject) => {
      let waiting = true;
      let patient = true;
      let due = clock.monotonicMilliseconds() + deadlineMilliseconds;
      const settle = (): boolean => {
        const first = waiting;
        waiting = false;
        clearTimeout(timer);
        return first;
      };
      const expire = () => {
        if (settle()) {
          this.#failed(new Error(`The throttle's store did not answer within ${deadlineMilliseconds} ms.`), probe);
          resolve(undefined);
        }
      };
      const onTimer = () => {
        const late = clock.monotonicMilliseconds() - due;
        if (patient && late > LATE_MILLISECONDS) {
          // This process was busy; the answer may be waiting to be read. It gets one more short while.
          patient = false;
          due += late + deadlineMilliseconds / 2;
          timer = setTimeout(onTimer, deadlineMilliseconds / 2);
          return;
        }
        // After this turn's input has been read.
        setImmediate(expire);
      };
      let timer = setTimeout(onTimer, deadlineMilliseconds);
      answer.then(
        (decision) => {
          if (settle()) {
            this.#answered(probe);
            resolve(decision);
          } else if (undoLate && decision.allowed) {
            this.refund(charges, decision);
          }
        },
        (error: unknown) => {
          if (!settle()) return;
          try {
            this.#failed(error, probe);
            resolve(undefined);
          } catch (mistake) {
            reject(mistake);
          }
        },
      );
    });
  }

  #answered(probe: boolean): void {
    if (!probe) return;
    this.#probing = false;
    this.#change('up');
  }

  /** An engine that can decide alone has memory, so that an answer at once says nothing of its store. */
  #answeredFromMemory(): void {
    if (this.#options.engine.consumeAlone === undefined) this.#answered(true);
    else this.#probing = false;
  }

  #failed(error: unknown, probe: boolean): void {
    if (error instanceof UndecidedError) {
      this.#answered(probe);
      return;
    }
    if (probe) this.#probing = false;
    if (error instanceof ConfigurationError) throw error;
    if (this.#state === 'up' || probe) {
      this.#retryAt = this.#options.clock.monotonicMilliseconds() + PAUSE_MILLISECONDS;
    }
    if (this.#state === 'up') this.#change('down', error);
  }

  #change(state: StoreState, error?: unknown): void {
    this.#state = state;
    const { logger, meanwhile, onStateChange } = this.#options;
    if (state === 'down') {
      const reason = error instanceof Error ? error.message : String(error);
      logger.error(`The throttle's store is down, ${meanwhile}: ${reason}`);
    } else {
      logger.info("The throttle's store is up again.");
    }
    try {
      onStateChange?.(state, error);
    } catch (mistake) {
      logger.error(`onStoreStateChange failed: ${mistake instanceof Error ? mistake.message : String(mistake)}`);
    }
  }
}
