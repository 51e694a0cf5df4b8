import type { Rate } from '../core/rate.js';
import type { ThrottleAlgorithm } from './algorithm.js';

/**
 * How long a request waits for its decision: long enough for one lost packet (TCP repeats it after 200 ms or more), for
 * a store that pauses for a snapshot or executes a slow command of another client, and for a store in another region;
 * and short enough for the few requests that find the store unavailable.
 */
export const DEFAULT_DEADLINE_MILLISECONDS = 500;

/** What one policy charges for one request: `cost` units of `limit` per window, counted under `key`. */
export interface Charge {
  /** Names policy and principal, e.g. `user:100/3600:user:alice`. Unique per counter. */
  readonly key: string;
  /** The part of the key that names the principal, e.g. `user:alice`: a Redis Cluster hash tag. */
  readonly tag: string;
  /** Units per window; 0 always refuses. */
  readonly limit: number;
  /** The length of the window of the rate, in milliseconds. */
  readonly windowMilliseconds: number;
  /** The units that this request costs; 0 asks without spending. */
  readonly cost: number;
  /** Default `fixed-window`. Two charges of one key have the same algorithm, which is part of the key. */
  readonly algorithm?: ThrottleAlgorithm;
  /** Whether units of this key are often given back, so that a refusal may end before its window does. */
  readonly mayBeRefunded?: boolean;
}

/** What an engine answers for one charge. */
export interface ChargeResult {
  /** Whether this charge fits. */
  readonly allowed: boolean;
  /** Units left in the window after the decision; never negative, never more than will be admitted. */
  readonly remaining: number;
  /**
   * Milliseconds until the whole limit is available again: until the fixed window ends, or the last unit leaves the
   * sliding one. For a charge that did not fit: until it fits, if nobody else spends meanwhile. Never too short.
   */
  readonly resetMilliseconds: number;
}

/** The decision on all charges of a request: it is allowed only if each one fits, and only then is anything spent. */
export interface ThrottleDecision {
  /** Whether the request may pass. */
  readonly allowed: boolean;
  /** In the order of the charges. */
  readonly results: readonly ChargeResult[];
}

/**
 * How long callers wait, counted in turns of the event loop in which an answer could have been read. An engine that asks
 * its store more than once for a request checks it before it asks again.
 */
export interface CallerPatience {
  /** The turns that have passed. */
  readonly turns: number;
  /** How many turns a caller waits. */
  readonly patienceTurns: number;
}

/** Counts the charges of requests. An engine that can decide at once returns its answer without a promise. */
export interface ThrottleEngine {
  /**
   * Decides on all charges together: if one does not fit, none is spent.
   *
   * @param patience how long the caller waits; without it the engine uses its own deadline
   * @throws Error (or rejects) if the store cannot answer; the throttle then acts by `whenStoreFails`
   * @throws UndecidedError if the store answers, but cannot decide on these charges; `whenStoreFails` applies to them
   * alone
   */
  consume(charges: readonly Charge[], patience?: CallerPatience): ThrottleDecision | Promise<ThrottleDecision>;
  /**
   * Gives back units that a `consume` spent, if the window is still the same: a new window never gains from what an old
   * one spent.
   *
   * @param decision what `consume` returned for these charges; it identifies the windows
   */
  refund(charges: readonly Charge[], decision: ThrottleDecision): void | Promise<void>;
  /**
   * Decides while the store is unavailable and the mode is `local`, by the share of each limit that this process may
   * spend by itself; `undefined` if it has no share. Without this method the throttle counts the whole limit in memory.
   */
  consumeAlone?(charges: readonly Charge[]): ThrottleDecision | undefined;
  /**
   * Decides while the store must not be asked, from what the engine has or remembers: units that were counted before,
   * or a refusal that still applies. `undefined` if that is not enough.
   */
  consumeHeld?(charges: readonly Charge[]): ThrottleDecision | undefined;
  /** Calls back each time the store is found to answer on a new connection. */
  onConnected?(listener: () => void): void;
  /**
   * Called at start-up for each rate that is known then.
   *
   * @throws ConfigurationError if the engine cannot count it
   */
  prepare?(rate: Rate, algorithm: ThrottleAlgorithm): void;
  /** Resolves when the first connection to the store is open, or its first attempt has failed; never rejects. */
  ready?(): Promise<void>;
  /** Resolves when `consumeAlone` can decide, or the store cannot be reached; never rejects. */
  readyAlone?(): Promise<void>;
  /** Closes what the engine opened itself. */
  close?(): Promise<void>;
}
