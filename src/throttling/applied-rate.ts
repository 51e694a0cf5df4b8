import { parseRate, type Rate } from '../core/rate.js';
import { structuredInteger, structuredString } from '../core/structured-fields.js';
import type { ThrottleAlgorithm } from './algorithm.js';

/** One rate of one policy, with everything that can be worked out before a request. */
export interface AppliedRate extends Rate {
  readonly algorithm: ThrottleAlgorithm;
  /** Begins every counter's key: policy, rate and, with a tilde, a sliding window, e.g. `user:100/3600:`. */
  readonly keyPrefix: string;
  /** The beginning of the item of `RateLimit`, e.g. `"user";r=`. */
  readonly limitItem: string;
  /** The item of `RateLimit-Policy`, e.g. `"user";q=100;w=3600`. */
  readonly policyItem: string;
}

/** Asks the engine whether it can count a rate; throws ConfigurationError if not. */
export type PrepareRate = (rate: Rate, algorithm: ThrottleAlgorithm) => void;

/** How many answers of rate functions are kept, over all policies with one. */
const MAXIMUM_REMEMBERED = 1000;

/**
 * Works out one rate of a policy.
 *
 * @param alone whether it is the policy's only rate; otherwise the window becomes part of its name in the fields
 */
export function appliedRate(policyName: string, rate: Rate, algorithm: ThrottleAlgorithm, alone: boolean): AppliedRate {
  // No policy's name has a slash, so that the longer form is never the name of another.
  const label = structuredString(alone ? policyName : `${policyName}/${rate.windowSeconds}`);
  return Object.freeze({
    ...rate,
    algorithm,
    keyPrefix: `${policyName}:${rate.limit}/${rate.windowSeconds}${algorithm === 'sliding-window' ? '~' : ''}:`,
    limitItem: `${label};r=`,
    policyItem: `${label};q=${structuredInteger(rate.limit)};w=${structuredInteger(rate.windowSeconds)}`,
  });
}

/** Reads the answers of a rate function; equal ones are read once, and a bounded number is remembered. */
export class DynamicRates {
  readonly #known = new Map<string, readonly AppliedRate[]>();
  readonly #policyName: string;
  readonly #path: string;
  readonly #algorithm: ThrottleAlgorithm;
  readonly #prepare: PrepareRate;

  constructor(policyName: string, path: string, algorithm: ThrottleAlgorithm, prepare: PrepareRate) {
    this.#policyName = policyName;
    this.#path = path;
    this.#algorithm = algorithm;
    this.#prepare = prepare;
  }

  /**
   * The rate that the function answered with; none if it is unlimited.
   *
   * @throws ConfigurationError if it is no rate
   */
  read(text: string | null): readonly AppliedRate[] {
    if (text === null) return [];
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const rate = parseRate(text, this.#path) as Rate;
    this.#prepare(rate, this.#algorithm);
    const applied = [appliedRate(this.#policyName, rate, this.#algorithm, true)];
    if (this.#known.size >= MAXIMUM_REMEMBERED) this.#known.clear();
    this.#known.set(text, applied);
    return applied;
  }
}
