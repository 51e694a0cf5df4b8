import { ConfigurationError } from '../core/errors.js';
import { isPromiseLike } from '../core/promises.js';
import { parseRate } from '../core/rate.js';
import { ALGORITHMS, type ThrottleAlgorithm } from './algorithm.js';
import { type AppliedRate, appliedRate, DynamicRates, type PrepareRate } from './applied-rate.js';
import {
  isOfToken,
  isSubjectName,
  type KeyOfSubject,
  keyOfSubject,
  type SubjectFunction,
  type SubjectName,
  type ThrottleSubject,
} from './subject.js';

/** A rate for each request, e.g. by the plan of the user; `null` is unlimited. */
export type RateFunction = (subject: ThrottleSubject) => string | null | Promise<string | null>;
/** The units that a request costs: a whole number from 0, at most the limit. */
export type CostFunction = (subject: ThrottleSubject) => number;

/** How much may be asked for, by whom, at what cost. */
export interface PolicyOptions {
  /** `100/hour`, several of different windows (`['10/s', '1000/h']`), `null` for no limit, or a function. */
  readonly rate: string | null | readonly string[] | RateFunction;
  /**
   * Who is counted: `anon` (callers without credentials, by address), `user` (the user, else the application, else the
   * address), `client` (the application, also for its users' tokens), `token`, or a function that gives a key of your
   * own. By default what the policy is called, else `user`.
   */
  readonly subject?: SubjectName | SubjectFunction;
  /** Units per request; default 1. */
  readonly cost?: number | CostFunction;
  /**
   * Default `fixed-window`: at most the limit in each window, which begins with the first request. `sliding-window`: at
   * most the limit in any span of that length, as DRF's throttles.
   */
  readonly algorithm?: ThrottleAlgorithm;
}

/** A policy that is declared where it is used. */
export interface InlinePolicy extends PolicyOptions {
  readonly name: string;
}

/** A policy, checked and ready to be asked. */
export interface Policy {
  readonly name: string;
  /** For people, e.g. `100/hour`, `unlimited` or `by function`. */
  readonly description: string;
  readonly options: PolicyOptions;
  readonly key: KeyOfSubject;
  /** The rates of a request; unlimited ones are left out. */
  readonly rates: readonly AppliedRate[] | ((subject: ThrottleSubject) => AppliedRates | Promise<AppliedRates>);
  /** Whether one token is always counted alike: nothing here is a function of the host's. */
  readonly ofToken: boolean;
  /** @throws ConfigurationError if a cost function answered what no request can cost */
  cost(subject: ThrottleSubject, rates: AppliedRates): number;
}

export type AppliedRates = readonly AppliedRate[];

/** What can stand in a structured string as it is, and never holds the slash that ends the name in a key. */
const NAME = /^[A-Za-z0-9_.:-]{1,64}$/;
const OPTIONS: ReadonlySet<string> = new Set(['name', 'rate', 'subject', 'cost', 'algorithm']);

/**
 * Checks a policy and makes it ready.
 *
 * @param prepare asks the engine whether it can count a rate
 * @throws ConfigurationError if the policy cannot be
 */
export function createPolicy(name: string, declared: string | null | PolicyOptions, prepare: PrepareRate): Policy {
  const where = `throttling policy ${JSON.stringify(name)}`;
  if (!NAME.test(name)) {
    throw new ConfigurationError(
      `${where}: not a name; use 1 to 64 letters, digits and the characters _ . : - (it is sent in response fields).`,
    );
  }
  const options: PolicyOptions =
    typeof declared === 'string' || declared === null ? { rate: declared } : checkedOptions(declared, where);
  const subject = options.subject ?? (isSubjectName(name) ? name : 'user');
  const algorithm = checkAlgorithm(options.algorithm, where);
  const rates = readRates(name, options.rate, where, algorithm, prepare);
  const { cost = 1 } = options;
  if (typeof cost !== 'function') {
    checkCost(cost, where);
    if (typeof rates !== 'function') checkFits(cost, rates, where);
  }
  return Object.freeze({
    name,
    description: describeRate(options.rate),
    options,
    key: keyOfSubject(subject, `${where}, subject`),
    rates,
    ofToken: isOfToken(subject) && typeof rates !== 'function' && typeof cost !== 'function',
    cost: typeof cost === 'function' ? dynamicCost(cost, where) : fixedCost(cost, typeof rates === 'function', where),
  });
}

function checkedOptions(declared: PolicyOptions, where: string): PolicyOptions {
  if (typeof declared !== 'object' || Array.isArray(declared)) {
    throw new ConfigurationError(`${where}: give a rate such as "100/hour", null, or an object with a rate.`);
  }
  for (const option of Object.keys(declared)) {
    if (!OPTIONS.has(option)) {
      throw new ConfigurationError(
        `${where}: unknown option ${JSON.stringify(option)}; there are rate, subject, cost, algorithm.`,
      );
    }
  }
  return declared;
}

function checkAlgorithm(algorithm: ThrottleAlgorithm = 'fixed-window', where: string): ThrottleAlgorithm {
  if (ALGORITHMS.includes(algorithm)) return algorithm;
  throw new ConfigurationError(
    `${where}, algorithm: ${JSON.stringify(algorithm) ?? String(algorithm)}; use 'fixed-window' or 'sliding-window'.`,
  );
}

function readRates(
  name: string,
  rate: PolicyOptions['rate'],
  where: string,
  algorithm: ThrottleAlgorithm,
  prepare: PrepareRate,
): Policy['rates'] {
  if (typeof rate === 'function') {
    return functionRates(rate, new DynamicRates(name, `${where}, rate function`, algorithm, prepare));
  }
  const texts = Array.isArray(rate) ? (rate as readonly string[]) : [rate as string | null];
  if (texts.length === 0) throw new ConfigurationError(`${where}: the list of rates is empty; use null for no limit.`);
  const parsed = texts.map((text) => {
    if (text === null && texts.length > 1) throw new ConfigurationError(`${where}: null stands alone, not in a list.`);
    return parseRate(text, where);
  });
  const limited = parsed.filter((one) => one !== null);
  const windows = new Set(limited.map(({ windowSeconds }) => windowSeconds));
  if (windows.size < limited.length) {
    throw new ConfigurationError(`${where}: two rates for the same period; keep the lower one.`);
  }
  for (const one of limited) prepare(one, algorithm);
  return Object.freeze(limited.map((one) => appliedRate(name, one, algorithm, limited.length === 1)));
}

function functionRates(rate: RateFunction, known: DynamicRates): Exclude<Policy['rates'], AppliedRates> {
  return (subject) => {
    const answer = rate(subject);
    return isPromiseLike(answer) ? answer.then((text) => known.read(text)) : known.read(answer);
  };
}

function fixedCost(cost: number, check: boolean, where: string): Policy['cost'] {
  if (!check) return () => cost;
  return (_subject, rates) => {
    checkFits(cost, rates, where);
    return cost;
  };
}

function dynamicCost(cost: CostFunction, where: string): Policy['cost'] {
  return (subject, rates) => {
    const answer = cost(subject);
    checkCost(answer, `${where}, cost function`);
    checkFits(answer, rates, `${where}, cost function`);
    return answer;
  };
}

function checkCost(cost: number, where: string): void {
  if (!Number.isSafeInteger(cost) || cost < 0) {
    throw new ConfigurationError(
      `${where}: ${JSON.stringify(cost) ?? 'undefined'} (${String(cost)}) is not a cost; give a whole number from 0.`,
    );
  }
}

/** A cost above the limit would be refused for ever. A limit of 0 refuses on purpose. */
function checkFits(cost: number, rates: AppliedRates, where: string): void {
  for (const { limit, windowSeconds } of rates) {
    if (limit > 0 && cost > limit) {
      throw new ConfigurationError(
        `${where}: a cost of ${cost} never fits into ${limit} in ${windowSeconds} s; lower the cost or raise the rate.`,
      );
    }
  }
}

function describeRate(rate: PolicyOptions['rate']): string {
  if (typeof rate === 'function') return 'by function';
  if (rate === null) return 'unlimited';
  return typeof rate === 'string' ? rate : rate.join(' and ');
}
