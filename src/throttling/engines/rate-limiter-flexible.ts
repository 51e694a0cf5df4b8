import { type Clock, systemClock } from '../../core/clock.js';
import {
  clockOption,
  functionOption,
  knownOptions,
  objectWith,
  refuseOption,
  textOption,
} from '../../core/options/index.js';
import type { Rate } from '../../core/rate.js';
import { ALGORITHMS, slides, type ThrottleAlgorithm } from '../algorithm.js';
import { CounterError } from '../store-errors.js';
import type { Charge, ChargeResult, ThrottleDecision, ThrottleEngine } from '../throttle-engine.js';
import { countedResult, windowEndOf } from './counted.js';

/** The part of `RateLimiterRes` of rate-limiter-flexible that the engine uses. */
export interface FlexibleLimiterState {
  /** The time until the window ends, in milliseconds. */
  readonly msBeforeNext: number;
  /** How many points are left. */
  readonly remainingPoints: number;
  /** How many points were taken. */
  readonly consumedPoints: number;
}

/** The part of a limiter of rate-limiter-flexible that the engine uses; every class with `points` and `duration` has it. */
export interface FlexibleLimiter {
  /** Takes points, and rejects with the state if there are not enough. */
  consume(key: string, points?: number): Promise<FlexibleLimiterState>;
  /** Gives points back. */
  reward(key: string, points?: number): Promise<FlexibleLimiterState>;
  /** Takes points without a limit. */
  penalty(key: string, points?: number): Promise<FlexibleLimiterState>;
  /** The state of a key; `null`: nothing was taken yet. */
  get(key: string): Promise<FlexibleLimiterState | null>;
}

/**
 * Makes the limiter of one rate, e.g. `(points, duration, keyPrefix) => new RateLimiterRedis({ storeClient, points,
 * duration, keyPrefix })`. It is called once for each different rate; all limiters may share one store.
 */
export type FlexibleLimiterFactory = (limit: number, windowSeconds: number, keyPrefix: string) => FlexibleLimiter;

export interface RateLimiterFlexibleOptions {
  /** Given to every limiter; default `oauth2:throttle`. */
  readonly keyPrefix?: string | undefined;
  /** The clock, for tests. Default: the system's. */
  readonly clock?: Clock | undefined;
}

const WHERE = 'rateLimiterFlexibleEngine';
const FACTORY = `${WHERE}.limiterFor`;
/** A limiter is never dropped, because its counts could be lost. */
const MAXIMUM_LIMITERS = 1000;
/** With a longer time Node's `setTimeout` fires immediately, and the in-memory limiter would forget its counts. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;
/** Nothing is refunded in the last part of a window: the refund could arrive in the next one and loosen it. */
const MARGIN_MILLISECONDS = 250;

/**
 * Creates an engine from limiters of rate-limiter-flexible, on any of its stores. They count one key at a time: charges
 * are consumed one after the other, and given back if a later one refuses. So a refusal in progress can cause another
 * request to be refused too; more than a rate is never admitted.
 *
 * @param limiterFor makes the limiter of one rate: so many units in so many seconds, under a prefix of keys
 * @returns what `throttling.engine` takes
 * @throws ConfigurationError if an option is wrong
 *
 * @example
 * ```ts
 * import { RateLimiterMemory } from 'rate-limiter-flexible';
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { rateLimiterFlexibleEngine } from 'routing-controllers-oauth2/throttling';
 *
 * const engine = rateLimiterFlexibleEngine(
 *   (points, duration, keyPrefix) => new RateLimiterMemory({ points, duration, keyPrefix }),
 * );
 * export const oauth2 = createOAuth2({ database: ':memory:', throttling: { policies: { user: '100/m' }, engine } });
 * ```
 */
export function rateLimiterFlexibleEngine(
  limiterFor: FlexibleLimiterFactory,
  options: RateLimiterFlexibleOptions = {},
): ThrottleEngine {
  functionOption(FACTORY, limiterFor, 'give a function that makes a limiter from (limit, windowSeconds, keyPrefix)');
  const { keyPrefix = 'oauth2:throttle', clock = systemClock } = knownOptions<RateLimiterFlexibleOptions>(
    WHERE,
    options,
    ['keyPrefix', 'clock'],
  );
  textOption(`${WHERE}.keyPrefix`, keyPrefix);
  clockOption(`${WHERE}.clock`, clock);
  return new FlexibleEngine(limiterFor, keyPrefix, clock);
}

type Consumed = { readonly fits: boolean; readonly spent: boolean; readonly result: ChargeResult };

class FlexibleEngine implements ThrottleEngine {
  private readonly limiters = new Map<string, FlexibleLimiter>();
  private readonly limiterFor: FlexibleLimiterFactory;
  private readonly keyPrefix: string;
  private readonly clock: Clock;

  constructor(limiterFor: FlexibleLimiterFactory, keyPrefix: string, clock: Clock) {
    this.limiterFor = limiterFor;
    this.keyPrefix = keyPrefix;
    this.clock = clock;
  }

  prepare({ limit, windowMilliseconds }: Rate, algorithm?: ThrottleAlgorithm): void {
    checkAlgorithm({ algorithm });
    if (limit > 0) this.limiter(limit, windowMilliseconds);
  }

  async consume(charges: readonly Charge[]): Promise<ThrottleDecision> {
    const done: Consumed[] = [];
    try {
      for (const charge of charges) {
        const consumed = await this.consumeOne(charge);
        done.push(consumed);
        if (!consumed.fits) break;
      }
    } catch (error) {
      await this.undo(charges, done);
      throw error;
    }
    if (done.every(({ fits }) => fits)) return { allowed: true, results: done.map(({ result }) => result) };
    const [rest] = await Promise.all([
      Promise.all(charges.slice(done.length).map((charge) => this.ask(charge))),
      this.undo(charges, done),
    ]);
    const undone = done.map(({ result, fits }, index) =>
      fits ? { ...result, remaining: result.remaining + (charges[index] as Charge).cost } : result,
    );
    return { allowed: false, results: [...undone, ...rest] };
  }

  async refund(charges: readonly Charge[], decision: ThrottleDecision): Promise<void> {
    if (!decision.allowed) return;
    await Promise.all(charges.map((charge, index) => this.giveBack(charge, decision.results[index])));
  }

  private async consumeOne(charge: Charge): Promise<Consumed> {
    checkAlgorithm(charge);
    if (charge.cost === 0 || charge.limit === 0) {
      const result = await this.ask(charge);
      return { fits: result.allowed, spent: false, result };
    }
    const limiter = this.limiter(charge.limit, charge.windowMilliseconds);
    try {
      const state = countIn(charge, await limiter.consume(charge.key, charge.cost));
      return { fits: true, spent: true, result: this.result(charge, true, state.consumedPoints, state) };
    } catch (state) {
      // A refusal is not an Error; an Error is a failure of the store.
      if (!isState(state)) throw state;
      // A key that the limiter itself blocks in memory was not counted, so it must not be refunded.
      const spent = state.consumedPoints >= charge.cost;
      const used = spent ? state.consumedPoints - charge.cost : charge.limit;
      return { fits: false, spent, result: this.result(charge, false, used, state) };
    }
  }

  private async ask(charge: Charge): Promise<ChargeResult> {
    if (charge.limit === 0) return this.result(charge, false, 0, undefined);
    const found = await this.limiter(charge.limit, charge.windowMilliseconds).get(charge.key);
    const state = found === null ? null : countIn(charge, found);
    const used = state?.consumedPoints ?? 0;
    return this.result(charge, used + charge.cost <= charge.limit, used, state ?? undefined);
  }

  private result(
    charge: Charge,
    allowed: boolean,
    used: number,
    state: FlexibleLimiterState | undefined,
  ): ChargeResult {
    const leftMilliseconds =
      state === undefined || state.msBeforeNext < 0 ? charge.windowMilliseconds : state.msBeforeNext;
    const windowEnd = this.clock.monotonicMilliseconds() + leftMilliseconds;
    return countedResult(charge, allowed, used, leftMilliseconds, windowEnd);
  }

  /** Best effort: what cannot be refunded stays spent, which is stricter. */
  private async undo(charges: readonly Charge[], done: readonly Consumed[]): Promise<void> {
    await Promise.all(
      done.map(({ spent, result }, index) =>
        spent ? this.giveBack(charges[index] as Charge, result).catch(() => {}) : undefined,
      ),
    );
  }

  private async giveBack(charge: Charge, result: ChargeResult | undefined): Promise<void> {
    const windowEnd = windowEndOf(result);
    if (windowEnd === undefined || charge.cost === 0) return;
    const leftMilliseconds = windowEnd - this.clock.monotonicMilliseconds();
    const marginMilliseconds = Math.min(MARGIN_MILLISECONDS, charge.windowMilliseconds / 4);
    if (leftMilliseconds < marginMilliseconds) return;
    const limiter = this.limiter(charge.limit, charge.windowMilliseconds);
    const state = await limiter.reward(charge.key, charge.cost);
    // If a new window has begun meanwhile, that one would admit too much: take it back.
    const newWindow = state.consumedPoints < 0 || state.msBeforeNext > leftMilliseconds + marginMilliseconds;
    if (newWindow) await limiter.penalty(charge.key, charge.cost);
  }

  private limiter(limit: number, windowMilliseconds: number): FlexibleLimiter {
    const rate = `${limit}/${windowMilliseconds}`;
    let limiter = this.limiters.get(rate);
    if (limiter === undefined) {
      if (this.limiters.size >= MAXIMUM_LIMITERS) {
        refuseOption(
          FACTORY,
          this.limiterFor,
          `asked for more than ${MAXIMUM_LIMITERS} different rates; make rate functions return fewer`,
        );
      }
      limiter = this.make(limit, windowMilliseconds);
      this.limiters.set(rate, limiter);
    }
    return limiter;
  }

  private make(limit: number, windowMilliseconds: number): FlexibleLimiter {
    const windowSeconds = windowMilliseconds / 1000;
    if (!Number.isInteger(windowSeconds) || windowSeconds < 1) {
      // In Redis such a key would never expire.
      refuseOption(FACTORY, this.limiterFor, `asked for a window of ${windowMilliseconds} ms; use whole seconds`);
    }
    const limiter = this.limiterFor(limit, windowSeconds, this.keyPrefix);
    checkLimiter(limiter, limit, windowSeconds);
    return limiter;
  }
}

function checkAlgorithm(charge: { readonly algorithm?: ThrottleAlgorithm | undefined }): void {
  if (!slides(charge)) return;
  refuseOption(
    'algorithm',
    charge.algorithm,
    "rate-limiter-flexible counts in fixed windows only; use another engine, or 'fixed-window'",
    { near: ALGORITHMS },
  );
}

function isState(value: unknown): value is FlexibleLimiterState {
  return !(value instanceof Error) && typeof (value as FlexibleLimiterState | undefined)?.msBeforeNext === 'number';
}

/**
 * The state of a counter, if it can be one. Refunds under way can take a counter below zero, and no further than its limit;
 * anything beyond that was written by something else, and would let everything through.
 *
 * @throws CounterError if it is none
 */
function countIn({ limit }: Charge, state: FlexibleLimiterState): FlexibleLimiterState {
  if (state.consumedPoints >= -limit && !Number.isNaN(state.msBeforeNext)) return state;
  throw new CounterError('The store of rate-limiter-flexible holds something other than a counter.');
}

/** Refuses limiters that would count differently from the policy. */
function checkLimiter(limiter: FlexibleLimiter, limit: number, windowSeconds: number): void {
  const made = `${FACTORY}()`;
  const rate = `for ${limit} in ${windowSeconds} s`;
  const methods = ['consume', 'reward', 'penalty', 'get'];
  objectWith(
    made,
    limiter,
    methods,
    `${rate} it must have ${methods.join('(), ')}(); give a limiter of rate-limiter-flexible`,
  );
  const expected = {
    points: limit,
    duration: windowSeconds,
    blockDuration: 0,
    execEvenly: false,
    inMemoryBlockOnConsumed: 0,
  };
  const settings = limiter as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(expected)) {
    if (settings[name] === undefined || settings[name] === value) continue;
    refuseOption(`${made}.${name}`, settings[name], `${rate} it must be ${String(value)}`, { number: true });
  }
  const kept = [limiter, settings.insuranceLimiter].some((one) => one?.constructor.name === 'RateLimiterMemory');
  if (kept && windowSeconds * 1000 > LONGEST_TIMER_MILLISECONDS) {
    refuseOption(
      made,
      limiter,
      `${rate} RateLimiterMemory would reset immediately, because a timer cannot run for more than 24.8 days; use a shorter period, a store, or memoryEngine()`,
    );
  }
}
