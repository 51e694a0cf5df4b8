import type { LogLimiter } from '../core/log-limiter.js';
import { loggedFailure } from '../core/logged-failure.js';
import { isPromiseLike } from '../core/promises.js';
import type { CompiledRate } from './compiled-rate.js';
import type { Counts } from './count-when.js';
import type { CompiledRates, Policy } from './policy.js';
import type { ThrottleSubject } from './subject.js';
import type { Charge, ChargeResult, ThrottleDecision } from './throttle-engine.js';

/** The charges of a request and their rates, in the same order. */
export interface Assessment {
  readonly rates: CompiledRate[];
  readonly charges: Charge[];
  /** The charges that are counted only for some responses. */
  conditional?: Conditional[];
}

export interface Conditional {
  /** The position of the charge. */
  readonly at: number;
  readonly counts: Counts;
}

/** What a request is charged by policies with fixed rates. */
export function assess(policies: readonly Policy[], subject: ThrottleSubject): Assessment {
  const assessment: Assessment = { rates: [], charges: [] };
  for (const policy of policies) {
    const key = policy.key(subject);
    if (key !== undefined) add(assessment, policy, subject, key, policy.rates as CompiledRates);
  }
  return assessment;
}

/** The same for rates that are functions of the host. They are called together, and only for policies that apply. */
export function assessDynamic(policies: readonly Policy[], subject: ThrottleSubject): Assessment | Promise<Assessment> {
  const keys: string[] = [];
  const applying: Policy[] = [];
  const answers: (CompiledRates | Promise<CompiledRates>)[] = [];
  let pending = false;
  try {
    for (const policy of policies) {
      const key = policy.key(subject);
      if (key === undefined) continue;
      const answer = typeof policy.rates === 'function' ? policy.rates(subject) : policy.rates;
      keys.push(key);
      applying.push(policy);
      answers.push(answer);
      pending ||= isPromiseLike(answer);
    }
  } catch (error) {
    // The other results are no longer needed; a rejection among them would otherwise be unhandled.
    for (const answer of answers) if (isPromiseLike(answer)) answer.catch(() => {});
    throw error;
  }
  const complete = (rates: readonly CompiledRates[]) => {
    const assessment: Assessment = { rates: [], charges: [] };
    applying.forEach((policy, index) => {
      add(assessment, policy, subject, keys[index] as string, rates[index] as CompiledRates);
    });
    return assessment;
  };
  return pending ? Promise.all(answers).then(complete) : complete(answers as CompiledRates[]);
}

function add(
  assessment: Assessment,
  policy: Policy,
  subject: ThrottleSubject,
  tag: string,
  rates: CompiledRates,
): void {
  if (rates.length === 0) return;
  const { rates: allRates, charges } = assessment;
  const cost = policy.cost(subject, rates);
  for (const rate of rates) {
    allRates.push(rate);
    charges.push({
      key: rate.keyPrefix + tag,
      tag,
      limit: rate.limit,
      windowMilliseconds: rate.windowMilliseconds,
      cost,
      algorithm: rate.algorithm,
      mayBeRefunded: policy.counts !== undefined,
    });
    if (policy.counts === undefined) continue;
    assessment.conditional ??= [];
    assessment.conditional.push({ at: charges.length - 1, counts: policy.counts });
  }
}

/** Creates the function that refunds, once, the charges that do not count for the status of the response. */
export function settlement(
  charges: readonly Charge[],
  conditional: readonly Conditional[],
  decision: ThrottleDecision,
  refund: (charges: readonly Charge[], decision: ThrottleDecision) => void,
  log: LogLimiter,
): (status: number) => void {
  let settled = false;
  return (status) => {
    if (settled) return;
    settled = true;
    const free = conditional.filter(({ counts }) => isFree(counts, status, log));
    if (free.length === 0) return;
    const back = free.map(({ at }) => charges[at] as Charge);
    const results = free.map(({ at }) => decision.results[at] as ChargeResult);
    refund(back, { allowed: true, results });
  };
}

/** If a rule throws, the request counts. */
function isFree(counts: Counts, status: number, log: LogLimiter): boolean {
  try {
    return counts(status) === false;
  } catch (error) {
    const { kind, describe } = loggedFailure(error);
    log.error(kind, () => `The countWhen of a throttling policy failed: ${describe()}`);
    return false;
  }
}
