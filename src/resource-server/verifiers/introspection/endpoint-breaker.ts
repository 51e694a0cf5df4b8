import type { Clock } from '../../../core/clock.js';

/** The number of consecutive failures that opens the breaker. */
const FAILURES = 5;
/** How long the breaker stays open at first; the pause doubles with each failed trial call. */
const FIRST_PAUSE_MILLISECONDS = 1_000;
const LONGEST_PAUSE_MILLISECONDS = 30_000;

/** A call that may be made. Its outcome is reported once. */
export interface AdmittedCall {
  /** The endpoint gave a proper answer. */
  succeeded(): void;
  /**
   * The endpoint failed.
   *
   * @param pauseMilliseconds the pause that it requested, if any
   */
  failed(pauseMilliseconds?: number): void;
  /** Nothing was learned about the endpoint: the call was not made, or its failure says nothing about other calls. */
  dropped(): void;
}

/**
 * A circuit breaker for an endpoint. It opens after five consecutive failures and refuses calls for a second. Then one
 * trial call is made while all others are still refused; each failed trial doubles the pause, up to 30 seconds.
 */
export class EndpointBreaker {
  private failures = 0;
  private pauseMilliseconds = FIRST_PAUSE_MILLISECONDS;
  /** Until when no call is made; `undefined`: the breaker is closed. */
  private opensAt: number | undefined;
  private isTrying = false;

  constructor(private readonly clock: Clock) {}

  get isOpen(): boolean {
    return this.opensAt !== undefined;
  }

  /** In how many whole seconds a call may be made again; at least 1. */
  get retryAfterSeconds(): number {
    const pause = (this.opensAt ?? 0) - this.clock.monotonicMilliseconds();
    return Math.max(1, Math.ceil(pause / 1000));
  }

  /** `undefined` if no call may be made now. */
  admit(): AdmittedCall | undefined {
    const isTry = this.opensAt !== undefined;
    if (isTry) {
      if (this.isTrying || this.clock.monotonicMilliseconds() < (this.opensAt as number)) return undefined;
      this.isTrying = true;
    }
    let isOver = false;
    const once = (tell: () => void): void => {
      if (isOver) return;
      isOver = true;
      if (isTry) this.isTrying = false;
      tell();
    };
    return {
      succeeded: () => once(() => this.close()),
      failed: (pauseMilliseconds) => once(() => this.fail(isTry, pauseMilliseconds)),
      dropped: () => once(() => undefined),
    };
  }

  private close(): void {
    this.failures = 0;
    this.pauseMilliseconds = FIRST_PAUSE_MILLISECONDS;
    this.opensAt = undefined;
  }

  private fail(isTry: boolean, askedMilliseconds = 0): void {
    this.failures += 1;
    // A call that began before the breaker opened says nothing new.
    if (this.opensAt !== undefined && !isTry) return;
    if (!isTry && this.failures < FAILURES && askedMilliseconds === 0) return;
    const pause = Math.min(Math.max(this.pauseMilliseconds, askedMilliseconds), LONGEST_PAUSE_MILLISECONDS);
    this.opensAt = this.clock.monotonicMilliseconds() + pause;
    this.pauseMilliseconds = Math.min(2 * this.pauseMilliseconds, LONGEST_PAUSE_MILLISECONDS);
  }
}
