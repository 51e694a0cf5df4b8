import type { PolicyTally } from '../core/observation/policy-tally.js';
import { parseRate, type Rate } from '../core/rate.js';
import { structuredInteger, structuredString } from '../core/structured-fields.js';
import type { ThrottleAlgorithm } from './algorithm.js';

/** One rate of one policy, with everything that can be computed before a request. */
export interface CompiledRate extends Rate {
  readonly algorithm: ThrottleAlgorithm;
  /** Counts what becomes of the requests that its policy applies to. */
  readonly tally: PolicyTally;
  /** Begins the key of every counter: policy and rate, with a tilde for a sliding window, e.g. `user:100/3600:`. */
  readonly keyPrefix: string;
  /** The beginning of the item of `RateLimit`, e.g. `"user";r=`. */
  readonly limitItem: string;
  /** The item of `RateLimit-Policy`, e.g. `"user";q=100;w=3600`. */
  readonly policyItem: string;
}

/** Checks whether the engine can count a rate; throws ConfigurationError if not. */
export type PrepareRate = (rate: Rate, algorithm: ThrottleAlgorithm) => void;

/** How many results of a rate function are remembered. */
const MAXIMUM_REMEMBERED = 1000;

/**
 * Compiles one rate of a policy.
 *
 * @param tally names the policy, and counts
 * @param alone whether it is the policy's only rate; otherwise the window becomes part of its name in the fields
 */
export function compileRate(
  tally: PolicyTally,
  rate: Rate,
  algorithm: ThrottleAlgorithm,
  alone: boolean,
): CompiledRate {
  const { policy: policyName } = tally;
  // No policy name contains a slash, so the longer form never equals the name of another policy.
  const label = structuredString(alone ? policyName : `${policyName}/${rate.windowSeconds}`);
  return Object.freeze({
    ...rate,
    algorithm,
    tally,
    keyPrefix: `${policyName}:${rate.limit}/${rate.windowSeconds}${algorithm === 'sliding-window' ? '~' : ''}:`,
    limitItem: `${label};r=`,
    policyItem: `${label};q=${structuredInteger(rate.limit)};w=${structuredInteger(rate.windowSeconds)}`,
  });
}

/** Parses the results of a rate function. Equal ones are parsed once, and a bounded number is remembered. */
export class DynamicRates {
  private readonly known = new Map<string, readonly CompiledRate[]>();
  private readonly tally: PolicyTally;
  private readonly path: string;
  private readonly algorithm: ThrottleAlgorithm;
  private readonly prepare: PrepareRate;

  constructor(tally: PolicyTally, path: string, algorithm: ThrottleAlgorithm, prepare: PrepareRate) {
    this.tally = tally;
    this.path = path;
    this.algorithm = algorithm;
    this.prepare = prepare;
  }

  /**
   * The rate that the function returned; none if it is unlimited.
   *
   * @throws ConfigurationError if it is not a rate
   */
  read(text: string | null): readonly CompiledRate[] {
    if (text === null) return [];
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const rate = parseRate(text, this.path) as Rate;
    this.prepare(rate, this.algorithm);
    const compiled = [compileRate(this.tally, rate, this.algorithm, true)];
    if (this.known.size >= MAXIMUM_REMEMBERED) this.known.clear();
    this.known.set(text, compiled);
    return compiled;
  }
}
