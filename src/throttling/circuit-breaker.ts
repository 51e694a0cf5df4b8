import type { Clock } from '../core/clock.js';
import { EventLoopDeadlines } from './event-loop-deadlines.js';
import { StoreAwayError } from './store-errors.js';
import { type StoreObserver, StoreReports, type StoreState } from './store-reports.js';
import type { ThrottleEngine } from './throttle-engine.js';

/** After this many consecutive requests without an answer, others may be decided without the store. */
const MISSES = 3;
/** How long the store must have been silent, whatever the deadline, and for how many deadlines. */
const SILENCE_MILLISECONDS = 250;
const SILENT_DEADLINES = 2;
/** How long a failed store is left alone at first; the pause doubles after each failed attempt. */
const FIRST_PAUSE_MILLISECONDS = 50;
/** The longest pause if an attempt makes its request wait, and if it fails immediately. */
const LONGEST_PAUSE_MILLISECONDS = 1000;
const LONGEST_PAUSE_WITHOUT_WAIT_MILLISECONDS = 200;

/**
 * Decides whether a store may be asked. There is one circuit breaker per engine, however many throttles use it.
 *
 * A request that gets no answer in time is decided without the store, which alone changes nothing for others. The store
 * counts as down if several consecutive requests had no answer and it was silent for longer than late answers take; any
 * answer is a sign of life, even one that is too late for its own request. Then one request at a time tries the store,
 * after pauses that begin short, while the others are decided without it.
 */
export class CircuitBreaker {
  private static readonly ofEngines = new WeakMap<ThrottleEngine, CircuitBreaker>();

  readonly deadlines: EventLoopDeadlines;
  private readonly clock: Clock;
  private readonly reports: StoreReports;
  private readonly silentTurnsNeeded: number;
  private currentState: StoreState = 'up';
  /** Counts the answers, so that a miss knows whether there was one since its request. */
  private answerCount = 0;
  private misses = 0;
  private silentTurns = 0;
  private retryAt = 0;
  private pauseMilliseconds = FIRST_PAUSE_MILLISECONDS;
  private probing = false;

  /**
   * The circuit breaker of an engine. There is no other way to get one: all throttles on an engine share it, so that one
   * outage is detected and reported once.
   *
   * @param deadlineMilliseconds of the first throttle on the engine; each keeps its own deadline for its requests
   */
  static of(engine: ThrottleEngine, deadlineMilliseconds: number, clock: Clock): CircuitBreaker {
    let breaker = CircuitBreaker.ofEngines.get(engine);
    if (breaker === undefined) {
      breaker = new CircuitBreaker(engine, deadlineMilliseconds, clock);
      CircuitBreaker.ofEngines.set(engine, breaker);
    }
    return breaker;
  }

  private constructor(engine: ThrottleEngine, deadlineMilliseconds: number, clock: Clock) {
    this.clock = clock;
    this.reports = new StoreReports(clock);
    const silenceMilliseconds = Math.max(SILENCE_MILLISECONDS, SILENT_DEADLINES * deadlineMilliseconds);
    this.deadlines = new EventLoopDeadlines(deadlineMilliseconds, () => {
      this.silentTurns++;
    });
    this.silentTurnsNeeded = Math.ceil(silenceMilliseconds / this.deadlines.turnMilliseconds);
    engine.onConnected?.(() => this.heard());
  }

  get state(): StoreState {
    return this.currentState;
  }

  /** How many answers there were. */
  get answers(): number {
    return this.answerCount;
  }

  observe(observer: StoreObserver): void {
    this.reports.add(observer);
  }

  /** Whether a request may ask the store now; `probe` if it is the one that tries a store that is down. */
  admit(): 'ask' | 'probe' | 'leave' {
    if (this.currentState === 'up') return 'ask';
    if (this.probing || this.clock.monotonicMilliseconds() < this.retryAt) return 'leave';
    this.probing = true;
    return 'probe';
  }

  /** The store has answered, whatever the answer, and however late. */
  heard(): void {
    this.answerCount++;
    this.misses = 0;
    this.silentTurns = 0;
    if (this.currentState === 'up') {
      this.reports.answered();
      return;
    }
    this.probing = false;
    this.pauseMilliseconds = FIRST_PAUSE_MILLISECONDS;
    this.change('up');
  }

  /** The engine answered a probe without asking the store: the next request tries the store. */
  probedInVain(): void {
    this.probing = false;
  }

  /**
   * A request had no answer in time.
   *
   * @param answersBefore the number of answers when it asked
   */
  missed(error: Error, answersBefore: number, probe: boolean): void {
    if (this.currentState === 'down') {
      this.leaveAlone(probe, LONGEST_PAUSE_MILLISECONDS);
      return;
    }
    if (this.answerCount > answersBefore) {
      // The store answers others: only this request is late.
      this.reports.decidedWithout();
      return;
    }
    this.reports.count();
    this.misses++;
    if (this.misses >= MISSES && this.silentTurns >= this.silentTurnsNeeded) this.goDown(error);
  }

  /** The store answers, but could not decide on a request. */
  decidedWithout(): void {
    this.reports.decidedWithout();
  }

  /** The engine could not ask the store, or the store could not answer. */
  failed(error: unknown, probe: boolean): void {
    if (this.currentState === 'down') {
      this.leaveAlone(probe, LONGEST_PAUSE_WITHOUT_WAIT_MILLISECONDS);
      this.reports.stillDown(error);
      return;
    }
    this.reports.count();
    this.misses++;
    if (this.misses >= MISSES || error instanceof StoreAwayError) this.goDown(error);
  }

  private goDown(error: unknown): void {
    this.pauseMilliseconds = FIRST_PAUSE_MILLISECONDS;
    this.retryAt = this.clock.monotonicMilliseconds() + this.pauseMilliseconds;
    this.change('down', error);
  }

  private leaveAlone(probe: boolean, longestMilliseconds: number): void {
    if (!probe) return;
    this.probing = false;
    this.pauseMilliseconds = Math.min(2 * this.pauseMilliseconds, longestMilliseconds);
    this.retryAt = this.clock.monotonicMilliseconds() + this.pauseMilliseconds;
  }

  private change(state: StoreState, error?: unknown): void {
    this.currentState = state;
    this.reports.changed(state, error);
  }
}
