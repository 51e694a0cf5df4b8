import type { Clock } from '../../core/clock.js';
import { TemporarilyUnavailableError } from '../../core/errors.js';
import type { Verification } from '../../core/verified-token.js';
import type { Moment } from './held-tokens.js';

/** A look-up that is under way. */
export interface LookUpInFlight extends Moment {
  /** Set when something was invalidated since it began: its result is not to be kept. */
  poisoned: boolean;
}

type Work = (lookUp: LookUpInFlight) => Promise<Verification>;

interface Pending {
  readonly lookUp: LookUpInFlight;
  readonly promise: Promise<Verification>;
}

/** How often a look-up begins again because invalidations overtook it, before the answer is "not now". */
const ROUNDS = 5;

/**
 * The look-ups under way, one per key. Whoever asks for a key meanwhile waits for the same look-up, with two
 * exceptions: after an invalidation nobody gets the answer of a look-up from before it, and a look-up that is older
 * than the bound is not joined, since it may not know of a revocation that this process has not heard of.
 */
export class LookUps {
  readonly #pending = new Map<string, Pending>();
  readonly #clock: Clock;
  readonly #boundMilliseconds: number;

  constructor(clock: Clock, boundMilliseconds: number) {
    this.#clock = clock;
    this.#boundMilliseconds = boundMilliseconds;
  }

  /** Joins the look-up of a key, or begins it. `work` reads `poisoned` when it has its result. */
  run(key: string, work: Work): Promise<Verification> {
    return this.#joinable(key) ?? this.#begin(key, work, ROUNDS);
  }

  #joinable(key: string): Promise<Verification> | undefined {
    const pending = this.#pending.get(key);
    if (pending === undefined) return undefined;
    const age = this.#clock.monotonicMilliseconds() - pending.lookUp.monotonicMilliseconds;
    return age <= this.#boundMilliseconds ? pending.promise : undefined;
  }

  /** Poisons the look-up of one key. */
  poison(key: string): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    pending.lookUp.poisoned = true;
    this.#pending.delete(key);
  }

  poisonAll(): void {
    for (const pending of this.#pending.values()) pending.lookUp.poisoned = true;
    this.#pending.clear();
  }

  #begin(key: string, work: Work, rounds: number): Promise<Verification> {
    const lookUp: LookUpInFlight = {
      poisoned: false,
      monotonicMilliseconds: this.#clock.monotonicMilliseconds(),
      wallMilliseconds: this.#clock.nowMilliseconds(),
    };
    // The work starts after the look-up is listed, so that nothing can invalidate past it.
    const promise = Promise.resolve().then(() => this.#finish(key, lookUp, work, rounds));
    this.#pending.set(key, { lookUp, promise });
    return promise;
  }

  async #finish(key: string, lookUp: LookUpInFlight, work: Work, rounds: number): Promise<Verification> {
    let verification: Verification;
    try {
      verification = await work(lookUp);
    } finally {
      if (this.#pending.get(key)?.lookUp === lookUp) this.#pending.delete(key);
    }
    if (!this.#isOvertaken(lookUp, verification)) return verification;
    if (rounds > 1) return this.#joinable(key) ?? this.#begin(key, work, rounds - 1);
    throw new TemporarilyUnavailableError({ detail: `token look-up overtaken by invalidations ${ROUNDS} times` });
  }

  /**
   * A slow look-up may answer `active` long after the token was revoked. Within the bound that is allowed; past it
   * only if nothing was invalidated since the look-up began.
   */
  #isOvertaken(lookUp: LookUpInFlight, verification: Verification): boolean {
    if (!lookUp.poisoned || verification.status !== 'active') return false;
    return this.#clock.monotonicMilliseconds() - lookUp.monotonicMilliseconds > this.#boundMilliseconds;
  }
}
