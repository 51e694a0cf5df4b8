import { ConfigurationError } from '../core/errors.js';
import { after, isPromiseLike } from '../core/promises.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { PendingAnswer } from './event-loop-deadlines.js';
import { isAnswer, StoreLateError } from './store-errors.js';
import type { StoreState } from './store-reports.js';
import type { Charge, ThrottleDecision, ThrottleEngine } from './throttle-engine.js';
import { UndecidedError } from './undecided-error.js';

export interface StoreGuardOptions {
  readonly engine: ThrottleEngine;
  readonly breaker: CircuitBreaker;
  readonly deadlineMilliseconds: number;
}

/** The result if the store did not decide. */
export interface Unknown {
  readonly allowed: undefined;
  /** After how many milliseconds the store can decide; 0 if unknown. */
  readonly knownInMilliseconds: number;
}

const UNKNOWN: Unknown = Object.freeze({ allowed: undefined, knownInMilliseconds: 0 });

/**
 * Wraps an engine and answers within a deadline, even if the store is slow, frozen or gone. The circuit breaker decides
 * what that means for other requests.
 */
export class StoreGuard {
  private readonly options: StoreGuardOptions;

  constructor(options: StoreGuardOptions) {
    this.options = options;
  }

  get state(): StoreState {
    return this.options.breaker.state;
  }

  /**
   * The engine's decision, or `Unknown` if the store cannot give one in time. A failing store never causes a rejection.
   *
   * @param undoLate whether a decision that arrives after the deadline is undone, because the request was not admitted
   * @throws ConfigurationError if the engine cannot count such a charge at all
   */
  decide(
    charges: readonly Charge[],
    undoLate: boolean,
  ): ThrottleDecision | Unknown | Promise<ThrottleDecision | Unknown> {
    const { engine, breaker } = this.options;
    const admitted = breaker.admit();
    if (admitted === 'leave') return engine.consumeHeld?.(charges) ?? UNKNOWN;
    const probe = admitted === 'probe';
    let answer: ThrottleDecision | Promise<ThrottleDecision>;
    try {
      answer = engine.consume(charges, breaker.deadlines);
    } catch (error) {
      if (error instanceof UndecidedError) {
        this.answeredAtOnce();
        return unknownAfter(error);
      }
      if (isAnswer(error)) breaker.heard();
      return this.failed(error, probe);
    }
    if (isPromiseLike(answer)) return this.withinDeadline(answer, charges, probe, undoLate);
    this.answeredAtOnce();
    return answer;
  }

  /** The same, with `undefined` in place of `Unknown`. */
  consume(
    charges: readonly Charge[],
    undoLate: boolean,
  ): ThrottleDecision | undefined | Promise<ThrottleDecision | undefined> {
    return after(this.decide(charges, undoLate), known);
  }

  /** The decision of the engine itself while the store cannot be asked; `undefined` if it cannot decide. */
  consumeAlone(charges: readonly Charge[]): ThrottleDecision | undefined {
    return this.options.engine.consumeAlone?.(charges);
  }

  /** Refunds the units that a decision of the engine spent, if that is possible now; failures are not reported. */
  refund(charges: readonly Charge[], decision: ThrottleDecision): void {
    try {
      const done = this.options.engine.refund(charges, decision);
      if (isPromiseLike(done)) done.catch(() => {});
    } catch {
      // What is not refunded stays spent until its window ends.
    }
  }

  private withinDeadline(
    answer: Promise<ThrottleDecision>,
    charges: readonly Charge[],
    probe: boolean,
    undoLate: boolean,
  ): Promise<ThrottleDecision | Unknown> {
    const { breaker, deadlineMilliseconds } = this.options;
    const answersBefore = breaker.answers;
    return new Promise((resolve, reject) => {
      const late = () => new StoreLateError(`The throttle's store did not answer within ${deadlineMilliseconds} ms.`);
      const pending: PendingAnswer = {
        deadlineTurn: 0,
        overdue: () => {
          breaker.missed(late(), answersBefore, probe);
          resolve(UNKNOWN);
        },
      };
      breaker.deadlines.start(pending, deadlineMilliseconds);
      answer.then(
        (decision) => {
          breaker.heard();
          if (breaker.deadlines.end(pending)) resolve(decision);
          else if (undoLate && decision.allowed) this.refund(charges, decision);
        },
        (error: unknown) => {
          if (isAnswer(error)) breaker.heard();
          if (!breaker.deadlines.end(pending)) return;
          if (error instanceof UndecidedError) return resolve(unknownAfter(error));
          if (error instanceof StoreLateError) {
            breaker.missed(late(), answersBefore, probe);
            return resolve(UNKNOWN);
          }
          try {
            resolve(this.failed(error, probe));
          } catch (mistake) {
            reject(mistake);
          }
        },
      );
    });
  }

  /**
   * An immediate answer is one of the store, so that failures before it do not add up with later ones. An engine that
   * can decide alone has memory: then it says nothing about the store, and the next request tries that.
   */
  private answeredAtOnce(): void {
    const { engine, breaker } = this.options;
    if (engine.consumeAlone === undefined) breaker.heard();
    else breaker.probedInVain();
  }

  private failed(error: unknown, probe: boolean): Unknown {
    const { breaker } = this.options;
    if (error instanceof ConfigurationError) {
      if (probe) breaker.probedInVain();
      throw error;
    }
    if (isAnswer(error)) breaker.decidedWithout();
    else breaker.failed(error, probe);
    return UNKNOWN;
  }
}

function known(decision: ThrottleDecision | Unknown): ThrottleDecision | undefined {
  return decision.allowed === undefined ? undefined : decision;
}

function unknownAfter({ milliseconds }: UndecidedError): Unknown {
  return { allowed: undefined, knownInMilliseconds: milliseconds };
}
