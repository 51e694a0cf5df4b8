import type { Clock } from '../core/clock.js';
import { reasonOf } from '../core/logged-failure.js';
import type { Logger } from '../core/logger.js';
import { printable } from '../core/printable.js';
import { Attention } from './attention.js';
import type { ThrottleEngine } from './engine.js';
import { StoreAwayError } from './store-errors.js';

export type StoreState = 'up' | 'down';

/** Who is told of the state of a store. */
export interface StoreObserver {
  readonly logger: Logger;
  /** What is done without the store, for the log. */
  readonly meanwhile: string;
  readonly onStateChange?: ((state: StoreState, error?: unknown) => void) | undefined;
}

/** How many requests in a row have to go without an answer, before others do without the store. */
const MISSES = 3;
/** For so long the store must have been silent, however short the deadline; and for so many deadlines. */
const SILENCE_MILLISECONDS = 250;
const SILENT_DEADLINES = 2;
/** How long a failed store is left alone, at first; twice as long after each attempt in vain. */
const FIRST_PAUSE_MILLISECONDS = 50;
/** The longest pause where an attempt makes its request wait, and where it fails at once. */
const LONGEST_PAUSE_MILLISECONDS = 1000;
const LONGEST_FREE_PAUSE_MILLISECONDS = 200;
/** That single requests did without the store is said at most this often. */
const SAYING_MILLISECONDS = 60_000;
/** That it is down for another reason than was said, likewise. */
const REASON_MILLISECONDS = 10_000;

/**
 * Knows whether a store can be asked; one for each engine, whoever uses it.
 *
 * A request that gets no answer in time does without the store, and no other one for its sake. The store counts as down
 * when several requests in a row had no answer and it was silent for longer than late answers take: any answer is a
 * sign of life, also one that comes too late for its own request. Then one request after the other tries it, after
 * pauses that begin short, while the others do without.
 */
export class StoreBreaker {
  readonly attention: Attention;
  readonly #clock: Clock;
  readonly #observers: StoreObserver[] = [];
  readonly #silentTurnsNeeded: number;
  #state: StoreState = 'up';
  /** Counts the answers, so that a miss knows whether there was one since its request. */
  #answers = 0;
  #misses = 0;
  #silentTurns = 0;
  #retryAt = 0;
  #pause = FIRST_PAUSE_MILLISECONDS;
  #probing = false;
  /** Requests that did without the store while it was up, since that was said last. */
  #unsaid = 0;
  #sayAt = Number.NEGATIVE_INFINITY;
  /** Why the store is down, as the log has it. */
  #saidReason = '';
  #sayReasonAt = 0;

  constructor(engine: ThrottleEngine, deadlineMilliseconds: number, clock: Clock) {
    this.#clock = clock;
    const silence = Math.max(SILENCE_MILLISECONDS, SILENT_DEADLINES * deadlineMilliseconds);
    this.attention = new Attention(deadlineMilliseconds, () => {
      this.#silentTurns++;
    });
    this.#silentTurnsNeeded = Math.ceil(silence / this.attention.turnMilliseconds);
    engine.onConnected?.(() => this.heard());
  }

  get state(): StoreState {
    return this.#state;
  }

  /** How many answers there were. */
  get answers(): number {
    return this.#answers;
  }

  observe(observer: StoreObserver): void {
    this.#observers.push(observer);
  }

  /** Whether a request may ask the store now; `probe` if it is the one that tries a store that is down. */
  admit(): 'ask' | 'probe' | 'leave' {
    if (this.#state === 'up') return 'ask';
    if (this.#probing || this.#clock.monotonicMilliseconds() < this.#retryAt) return 'leave';
    this.#probing = true;
    return 'probe';
  }

  /** The store has answered, whatever it said and however late. */
  heard(): void {
    this.#answers++;
    this.#misses = 0;
    this.#silentTurns = 0;
    if (this.#state === 'up') {
      if (this.#unsaid > 0) this.#sayUnsaid();
      return;
    }
    this.#probing = false;
    this.#pause = FIRST_PAUSE_MILLISECONDS;
    this.#change('up');
  }

  /** A probe was answered by the engine without the store: the next request tries it. */
  probedInVain(): void {
    this.#probing = false;
  }

  /**
   * A request had no answer in time.
   *
   * @param answersBefore how many answers there were when it asked
   */
  missed(error: Error, answersBefore: number, probe: boolean): void {
    if (this.#state === 'down') {
      this.#leaveAlone(probe, LONGEST_PAUSE_MILLISECONDS);
      return;
    }
    this.#unsaid++;
    if (this.#answers > answersBefore) {
      // The store answers others: it is this request that is late.
      this.#sayUnsaid();
      return;
    }
    this.#misses++;
    if (this.#misses >= MISSES && this.#silentTurns >= this.#silentTurnsNeeded) this.#goDown(error);
  }

  /** The store answers, but could not decide on a request. */
  decidedWithout(): void {
    this.#unsaid++;
    this.#sayUnsaid();
  }

  /** The engine could not ask the store, or the store could not answer. */
  failed(error: unknown, probe: boolean): void {
    if (this.#state === 'down') {
      this.#leaveAlone(probe, LONGEST_FREE_PAUSE_MILLISECONDS);
      this.#sayReason(error);
      return;
    }
    this.#unsaid++;
    this.#misses++;
    if (this.#misses >= MISSES || error instanceof StoreAwayError) this.#goDown(error);
  }

  #goDown(error: unknown): void {
    this.#pause = FIRST_PAUSE_MILLISECONDS;
    this.#retryAt = this.#clock.monotonicMilliseconds() + this.#pause;
    this.#change('down', error);
  }

  #leaveAlone(probe: boolean, longest: number): void {
    if (!probe) return;
    this.#probing = false;
    this.#pause = Math.min(2 * this.#pause, longest);
    this.#retryAt = this.#clock.monotonicMilliseconds() + this.#pause;
  }

  #change(state: StoreState, error?: unknown): void {
    this.#state = state;
    this.#unsaid = 0;
    const reason = printable(reasonOf(error));
    this.#saidReason = reason;
    this.#sayReasonAt = this.#clock.monotonicMilliseconds() + REASON_MILLISECONDS;
    this.#tell((logger, meanwhile) => {
      if (state === 'down') logger.error(`The throttle's store is down, ${meanwhile}: ${reason}`);
      else logger.info("The throttle's store is up again.");
    });
    for (const { logger, onStateChange } of this.#observers) {
      try {
        onStateChange?.(state, error);
      } catch (mistake) {
        logger.error(`onStoreStateChange failed: ${mistake instanceof Error ? mistake.message : String(mistake)}`);
      }
    }
  }

  /** A store may stay down for another reason: it is back, and refuses the password. */
  #sayReason(error: unknown): void {
    const now = this.#clock.monotonicMilliseconds();
    if (now < this.#sayReasonAt) return;
    const reason = printable(reasonOf(error));
    if (reason === this.#saidReason) return;
    this.#saidReason = reason;
    this.#sayReasonAt = now + REASON_MILLISECONDS;
    this.#tell((logger, meanwhile) => logger.error(`The throttle's store is still down, ${meanwhile}: ${reason}`));
  }

  #sayUnsaid(): void {
    const now = this.#clock.monotonicMilliseconds();
    if (now < this.#sayAt) return;
    this.#sayAt = now + SAYING_MILLISECONDS;
    const requests = this.#unsaid === 1 ? '1 request was' : `${this.#unsaid} requests were`;
    this.#unsaid = 0;
    this.#tell((logger, meanwhile) =>
      logger.warn(
        `The throttle's store answers, but ${requests} decided without it, since it answered late or failed for them; ${meanwhile} in this case.`,
      ),
    );
  }

  /** Each logger once, and each way of going on once. */
  #tell(say: (logger: Logger, meanwhile: string) => void): void {
    const waysByLogger = new Map<Logger, Set<string>>();
    for (const { logger, meanwhile } of this.#observers) {
      const ways = waysByLogger.get(logger);
      if (ways === undefined) waysByLogger.set(logger, new Set([meanwhile]));
      else ways.add(meanwhile);
    }
    for (const [logger, ways] of waysByLogger) say(logger, [...ways].join('; '));
  }
}

const breakers = new WeakMap<ThrottleEngine, StoreBreaker>();

/** The breaker of an engine: whoever uses the engine shares it, so that one outage is met, and told, once. */
export function breakerOf(engine: ThrottleEngine, deadlineMilliseconds: number, clock: Clock): StoreBreaker {
  let breaker = breakers.get(engine);
  if (breaker === undefined) {
    breaker = new StoreBreaker(engine, deadlineMilliseconds, clock);
    breakers.set(engine, breaker);
  }
  return breaker;
}
