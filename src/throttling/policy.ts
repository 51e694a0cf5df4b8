import type { PolicyTally } from '../core/observation/policy-tally.js';
import { choiceOption, knownOptions, optionPath, refuseOption, wholeNumberOption } from '../core/options/index.js';
import { after, nativePromise } from '../core/promises.js';
import { parseRate } from '../core/rate.js';
import type { RegisteredUser } from '../core/register.js';
import { ALGORITHMS, type ThrottleAlgorithm } from './algorithm.js';
import { type CompiledRate, compileRate, DynamicRates, type PrepareRate } from './compiled-rate.js';
import { type Counts, type CountWhen, countsOf, describeCountWhen } from './count-when.js';
import {
  isOfToken,
  isSubjectName,
  type KeyOfSubject,
  keyOfSubject,
  type SubjectFunction,
  type SubjectName,
  type ThrottleSubject,
} from './subject.js';

/** Returns the rate of a request, e.g. by the plan of the user; `null` is unlimited. */
export type RateFunction<User = RegisteredUser> = (
  subject: ThrottleSubject<User>,
) => string | null | Promise<string | null>;
/** Returns the units that a request costs: a whole number from 0, at most the limit. */
export type CostFunction<User = RegisteredUser> = (subject: ThrottleSubject<User>) => number;

/** How many requests are allowed, who is counted, and what a request costs. */
export interface PolicyOptions<User = RegisteredUser> {
  /** `100/hour`, several of different windows (`['10/s', '1000/h']`), `null` for no limit, or a function. */
  readonly rate: string | null | readonly string[] | RateFunction<User>;
  /**
   * Who is counted: `anon` (callers without credentials, by address), `user` (the user, else the application, else the
   * address), `client` (the application, also for its users' tokens), `token`, or a function that returns a key of your
   * own. By default the name of the policy if it is one of these, else `user`.
   */
  readonly subject?: SubjectName | SubjectFunction<User> | undefined;
  /** Units per request; default 1. */
  readonly cost?: number | CostFunction<User> | undefined;
  /**
   * Default `fixed-window`: at most the limit in each window, which begins with the first request. `sliding-window`: at
   * most the limit in any span of that length, as the throttles of Django REST Framework do.
   */
  readonly algorithm?: ThrottleAlgorithm | undefined;
  /**
   * Which responses count; default all. A request is charged before its action runs, so that concurrent requests cannot
   * exceed the limit, and refunded after a response that does not count.
   */
  readonly countWhen?: CountWhen | undefined;
}

/** An inline policy. */
export interface InlinePolicy extends PolicyOptions {
  /** The name of the policy, in fields and keys. */
  readonly name: string;
}

/** A policy, checked and ready for use. */
export interface Policy {
  readonly name: string;
  /** For display, e.g. `100/hour`, `unlimited` or `by function`. */
  readonly description: string;
  readonly options: PolicyOptions;
  /** Who is counted. */
  readonly subject: SubjectName | SubjectFunction;
  readonly key: KeyOfSubject;
  /** The rates of a request, without unlimited ones. */
  readonly rates: readonly CompiledRate[] | ((subject: ThrottleSubject) => CompiledRates | Promise<CompiledRates>);
  /** Whether all requests with one token are counted alike, because no option is a function of the host. */
  readonly ofToken: boolean;
  /** Which answers count; `undefined`: all. */
  readonly counts: Counts | undefined;
  /** @throws ConfigurationError if a cost function returned an invalid cost */
  cost(subject: ThrottleSubject, rates: CompiledRates): number;
}

export type CompiledRates = readonly CompiledRate[];

/** Characters that need no escaping in a structured string; a slash ends the name in a key. */
const NAME = /^[A-Za-z0-9_.:-]{1,64}$/;
const OPTIONS = [
  'name',
  'rate',
  'subject',
  'cost',
  'algorithm',
  'countWhen',
] as const satisfies readonly (keyof InlinePolicy)[];

/**
 * Checks and compiles a policy.
 *
 * @param tally counts what becomes of the requests that it applies to
 * @param prepare asks the engine whether it can count a rate
 * @param path the option, or who declared it, for messages
 * @throws ConfigurationError if the policy is not valid
 */
export function createPolicy(
  tally: PolicyTally,
  declared: string | null | PolicyOptions,
  prepare: PrepareRate,
  path: string,
): Policy {
  const { policy: name } = tally;
  if (!NAME.test(name)) {
    refuseOption(
      path,
      declared,
      'its name must be 1 to 64 letters, digits and the characters _ . : - (it is sent in response fields)',
    );
  }
  const short = typeof declared === 'string' || declared === null;
  const options: PolicyOptions = short ? { rate: declared } : checkedOptions(declared, path);
  const of = (option: keyof PolicyOptions) => (short ? path : optionPath(path, option));
  const subject = options.subject ?? (isSubjectName(name) ? name : 'user');
  const { algorithm = 'fixed-window', cost = 1, countWhen } = options;
  choiceOption(of('algorithm'), algorithm, ALGORITHMS);
  const rates = readRates(tally, options.rate, of('rate'), algorithm, prepare);
  if (typeof cost !== 'function') {
    checkCost(cost, of('cost'));
    if (typeof rates !== 'function') checkFits(cost, rates, of('cost'));
  }
  if (countWhen !== undefined && countWhen !== 'refused' && typeof countWhen !== 'function') {
    refuseOption(of('countWhen'), countWhen, "use 'refused' or a function of the status", { near: ['refused'] });
  }
  return Object.freeze({
    name,
    description: describeRate(options.rate) + describeCountWhen(countWhen),
    options,
    subject,
    key: keyOfSubject(subject, of('subject')),
    rates,
    ofToken: isOfToken(subject) && typeof rates !== 'function' && typeof cost !== 'function',
    counts: countWhen === undefined ? undefined : countsOf(countWhen),
    cost:
      typeof cost === 'function'
        ? dynamicCost(cost, `${of('cost')}()`)
        : fixedCost(cost, typeof rates === 'function', of('cost')),
  });
}

function checkedOptions(declared: PolicyOptions, path: string): PolicyOptions {
  return knownOptions<InlinePolicy>(
    path,
    declared,
    OPTIONS,
    'give a rate such as "100/hour", null, or an object with a rate',
  );
}

function readRates(
  tally: PolicyTally,
  rate: PolicyOptions['rate'],
  path: string,
  algorithm: ThrottleAlgorithm,
  prepare: PrepareRate,
): Policy['rates'] {
  if (typeof rate === 'function') {
    return functionRates(rate, new DynamicRates(tally, `${path}()`, algorithm, prepare));
  }
  const texts = Array.isArray(rate) ? (rate as readonly string[]) : [rate as string | null];
  if (texts.length === 0) refuseOption(path, rate, 'name a rate, or use null for no limit');
  const parsed = texts.map((text, index) => {
    const at = Array.isArray(rate) ? optionPath(path, index) : path;
    if (text === null && texts.length > 1) refuseOption(at, text, 'use null alone, not in a list');
    return parseRate(text, at);
  });
  const limited = parsed.filter((one) => one !== null);
  const windows = new Set(limited.map(({ windowSeconds }) => windowSeconds));
  if (windows.size < limited.length)
    refuseOption(path, rate, 'it has two rates for the same period; keep the lower one');
  for (const one of limited) prepare(one, algorithm);
  return Object.freeze(limited.map((one) => compileRate(tally, one, algorithm, limited.length === 1)));
}

function functionRates(rate: RateFunction, known: DynamicRates): Exclude<Policy['rates'], CompiledRates> {
  return (subject) => after(nativePromise(rate(subject)), (text) => known.read(text));
}

function fixedCost(cost: number, check: boolean, path: string): Policy['cost'] {
  if (!check) return () => cost;
  return (_subject, rates) => {
    checkFits(cost, rates, path);
    return cost;
  };
}

function dynamicCost(cost: CostFunction, path: string): Policy['cost'] {
  return (subject, rates) => {
    const answer = cost(subject);
    checkCost(answer, path);
    checkFits(answer, rates, path);
    return answer;
  };
}

function checkCost(cost: number, path: string): void {
  wholeNumberOption(path, cost, { least: 0 }, 'a cost is a whole number from 0');
}

/** A cost above the limit would be refused forever. A limit of 0 refuses on purpose. */
function checkFits(cost: number, rates: CompiledRates, path: string): void {
  for (const { limit, windowSeconds } of rates) {
    if (limit === 0 || cost <= limit) continue;
    const fix = `it never fits into ${limit} in ${windowSeconds} s; lower the cost or raise the rate`;
    refuseOption(path, cost, fix, { number: true });
  }
}

function describeRate(rate: PolicyOptions['rate']): string {
  if (typeof rate === 'function') return 'by function';
  if (rate === null) return 'unlimited';
  return typeof rate === 'string' ? rate : rate.join(' and ');
}
