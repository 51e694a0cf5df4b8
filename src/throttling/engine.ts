import type { Rate } from '../core/rate.js';
import type { ThrottleAlgorithm } from './algorithm.js';

/**
 * How long a request waits for its decision: long enough for one lost packet (TCP sends it again after 200 ms and more),
 * for a store that pauses for a snapshot or a slow command of somebody else, and for one in another region; and a time
 * that the few requests can bear that meet a store which is gone.
 */
export const DEFAULT_DEADLINE_MILLISECONDS = 500;

/** What one policy asks for one request: `cost` units of `limit` per window, counted under `key`. */
export interface Charge {
  /** Names policy and principal, e.g. `user:100/3600:user:alice`. Unique per counter. */
  readonly key: string;
  /** The part of the key that names the principal, e.g. `user:alice`: a Redis Cluster hash tag. */
  readonly tag: string;
  /** Units per window; 0 always refuses. */
  readonly limit: number;
  readonly windowMilliseconds: number;
  /** Units that this request costs; 0 asks without spending. */
  readonly cost: number;
  /** Default `fixed-window`. Two charges of one key have one algorithm: the keys of a policy hold it. */
  readonly algorithm?: ThrottleAlgorithm;
  /** Whether units of this key are often given back, so that a refusal may be over before its window is. */
  readonly mayBeRefunded?: boolean;
}

/** What an engine answers for one charge. */
export interface ChargeResult {
  /** Whether this charge fits. */
  readonly allowed: boolean;
  /** Units left in the window after the decision; never negative, never more than will be admitted. */
  readonly remaining: number;
  /**
   * Milliseconds until the whole limit is there again: until the fixed window ends, or the last unit leaves the sliding
   * one. Of a charge that did not fit: until it fits, if nobody else spends meanwhile. Never too short.
   */
  readonly resetMilliseconds: number;
}

/** The decision over all charges of a request: allowed only if each one fits, and only then anything is spent. */
export interface ThrottleDecision {
  readonly allowed: boolean;
  /** In the order of the charges. */
  readonly results: readonly ChargeResult[];
}

/**
 * How long callers wait, counted in turns of the event loop in which an answer could have been read. An engine that
 * asks its store more than once for a request looks at it before it asks again.
 */
export interface CallerPatience {
  /** The turns that have passed. */
  readonly turns: number;
  /** For how many turns a caller waits. */
  readonly patienceTurns: number;
}

/** Counts. An engine that has its answer at hand returns it without a promise. */
export interface ThrottleEngine {
  /**
   * Decides on all charges together: if one does not fit, none is spent.
   *
   * @param patience how long the caller waits; without it the engine goes by its own deadline
   * @throws Error (or rejects) if the store cannot answer; the throttle then acts by `whenStoreFails`
   * @throws UndecidedError if the store answers, but cannot know about these charges; the same follows for them alone
   */
  consume(charges: readonly Charge[], patience?: CallerPatience): ThrottleDecision | Promise<ThrottleDecision>;
  /**
   * Gives units back that a `consume` spent, as far as the window is still the same: a new window never gains from
   * what an old one spent.
   *
   * @param decision what `consume` answered for these charges; by it the engine knows the windows
   */
  refund(charges: readonly Charge[], decision: ThrottleDecision): void | Promise<void>;
  /**
   * Decides while the store is away and the mode is `local`, with what this process may spend of each budget by itself;
   * `undefined` if it knows of no such share. An engine without it leaves the decision to a whole budget in memory.
   */
  consumeAlone?(charges: readonly Charge[]): ThrottleDecision | undefined;
  /**
   * Decides while the store is not to be asked, by what the engine holds or remembers of it: units that were counted
   * before, or a refusal that still holds. `undefined` if that is not enough.
   */
  consumeHeld?(charges: readonly Charge[]): ThrottleDecision | undefined;
  /** Calls back each time when the store was found to answer on a new connection. */
  onConnected?(listener: () => void): void;
  /**
   * Asked at start-up for each rate that is known then.
   *
   * @throws ConfigurationError if the engine cannot count it
   */
  prepare?(rate: Rate, algorithm: ThrottleAlgorithm): void;
  /** Resolves when the first connection to the store stands, or its first attempt has failed; never rejects. */
  ready?(): Promise<void>;
  /** Resolves when `consumeAlone` can decide, or the store cannot be reached; never rejects. */
  readyAlone?(): Promise<void>;
  /** Closes what the engine opened itself. */
  close?(): Promise<void>;
}
