import type { LogLimiter } from '../core/log-limiter.js';
import { loggedFailure } from '../core/logged-failure.js';
import { after, isPromiseLike, nativePromise } from '../core/promises.js';
import type { CompiledRate } from './compiled-rate.js';
import type { Counts } from './count-when.js';
import type { Charge, ChargeResult, ThrottleDecision } from './engine.js';
import type { MemoryEngine } from './engines/memory.js';
import { NO_FIELDS, type ResponseFields, secondsUntil, type WriteFields } from './fields.js';
import type { CompiledRates, Policy } from './policy.js';
import type { StoreGuard, Unknown } from './store-guard.js';
import type { ThrottleSubject } from './subject.js';
import type { WhenStoreFails } from './throttling-options.js';

/** The answer for one request. */
export interface ThrottleOutcome {
  readonly allowed: boolean;
  /** In how many whole seconds another try makes sense, at least 1; 0 if allowed. Becomes `Retry-After`. */
  readonly retryAfterSeconds: number;
  /** `RateLimit` and related fields, for the response to allowed and refused requests. */
  readonly fields: ResponseFields;
  /** Whether it is refused because the store is away (503), not because the quota is spent (429). */
  readonly unavailable: boolean;
  /**
   * Present if a policy counts by the answer (`countWhen`): call it once, with the status of the answer that was sent. If
   * it is not called, the request is counted. Never throws.
   */
  readonly settle?: ((status: number) => void) | undefined;
}

/** The policies of one action, compiled at start-up. */
export interface CompiledThrottle {
  /** The policies in their order, for display. */
  readonly policies: readonly { readonly name: string; readonly description: string }[];
  /** Whether no request can be refused here: there are no policies, or only unlimited ones. */
  readonly unlimited: boolean;
  /**
   * Decides on a request and counts it if it is allowed. Synchronous if the engine is and no rate function answers
   * with a promise.
   *
   * @throws ConfigurationError if a rate, cost or key function returns an invalid value (also as a rejection)
   */
  decide(subject: ThrottleSubject): ThrottleOutcome | Promise<ThrottleOutcome>;
}

/** What all compiled throttles share. */
export interface ThrottleParts {
  readonly guard: StoreGuard;
  /** The engine, if it counts in this process: it needs no guard. */
  readonly memory: MemoryEngine | undefined;
  readonly whenStoreFails: WhenStoreFails;
  /** Decides in the mode `local`; `undefined` if this process has no share that it may spend by itself. */
  consumeLocally(charges: readonly Charge[]): ThrottleDecision | undefined;
  /** Gives back what `consumeLocally` spent. */
  refundLocally(charges: readonly Charge[], decision: ThrottleDecision): void;
  readonly log: LogLimiter;
  readonly writeFields: WriteFields;
}

const ALLOWED: ThrottleOutcome = Object.freeze({
  allowed: true,
  retryAfterSeconds: 0,
  fields: NO_FIELDS,
  unavailable: false,
  settle: undefined,
});
const UNAVAILABLE: ThrottleOutcome = Object.freeze({
  allowed: false,
  retryAfterSeconds: 1,
  fields: NO_FIELDS,
  unavailable: true,
  settle: undefined,
});

/** The charges of a request and their rates, in the same order. */
interface Assessment {
  readonly rates: CompiledRate[];
  readonly charges: Charge[];
  /** The charges that are counted only for some answers. */
  conditional?: Conditional[];
}

interface Conditional {
  /** The position of the charge. */
  readonly at: number;
  readonly counts: Counts;
}

/** Compiles policies for an action. */
export function compileThrottle(policies: readonly Policy[], parts: ThrottleParts): CompiledThrottle {
  const limiting = policies.filter(({ rates }) => typeof rates === 'function' || rates.length > 0);
  const described = Object.freeze(policies.map(({ name, description }) => Object.freeze({ name, description })));
  if (limiting.length === 0) return Object.freeze({ policies: described, unlimited: true, decide: () => ALLOWED });
  const dynamic = limiting.some(({ rates }) => typeof rates === 'function');
  const assessed = limiting.every(({ ofToken }) => ofToken) ? rememberByToken() : assess;
  const decide = (subject: ThrottleSubject) => {
    if (!dynamic) return decideOn(assessed(limiting, subject), parts);
    return after(assessDynamic(limiting, subject), (assessment) => decideOn(assessment, parts));
  };
  return Object.freeze({ policies: described, unlimited: false, decide });
}

/**
 * Builds keys and charges once per cached token, not per request. An authenticator of the host may give one token to
 * several principals, so the principal is checked each time.
 */
function rememberByToken(): typeof assess {
  const remembered = new WeakMap<
    object,
    { readonly principalKey: string | undefined; readonly assessment: Assessment }
  >();
  return (policies, subject) => {
    const { token, principal } = subject;
    if (token === undefined) return assess(policies, subject);
    const known = remembered.get(token);
    // Without a key the request is counted by its address, which differs from request to request.
    if (known !== undefined && known.principalKey === principal.key) return known.assessment;
    const assessment = assess(policies, subject);
    if (principal.key !== undefined) remembered.set(token, { principalKey: principal.key, assessment });
    return assessment;
  };
}

function assess(policies: readonly Policy[], subject: ThrottleSubject): Assessment {
  const assessment: Assessment = { rates: [], charges: [] };
  for (const policy of policies) {
    const key = policy.key(subject);
    if (key !== undefined) add(assessment, policy, subject, key, policy.rates as CompiledRates);
  }
  return assessment;
}

/** All rate functions are called together, and only those of policies that apply. */
function assessDynamic(policies: readonly Policy[], subject: ThrottleSubject): Assessment | Promise<Assessment> {
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
    // The answers of the others are no longer needed; a rejection among them would otherwise be unhandled.
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

function decideOn(assessment: Assessment, parts: ThrottleParts): ThrottleOutcome | Promise<ThrottleOutcome> {
  const { charges } = assessment;
  if (charges.length === 0) return ALLOWED;
  for (const { limit } of charges) {
    // A limit of 0 refuses whether there is a store or not.
    if (limit === 0) return refuseAtOnce(assessment, parts);
  }
  if (parts.memory !== undefined) return outcomeOf(assessment, parts.memory.consume(charges), parts);
  const decision = nativePromise(parts.guard.decide(charges, parts.whenStoreFails === 'closed'));
  return after(decision, (known) => outcomeOf(assessment, known, parts));
}

function refuseAtOnce({ rates }: Assessment, { writeFields }: ThrottleParts): ThrottleOutcome {
  const zero = rates.filter(({ limit }) => limit === 0);
  const results = zero.map((rate) => ({ allowed: false, remaining: 0, resetMilliseconds: rate.windowMilliseconds }));
  return refused(zero, results, writeFields);
}

function outcomeOf(assessment: Assessment, known: ThrottleDecision | Unknown, parts: ThrottleParts): ThrottleOutcome {
  const { rates, charges, conditional } = assessment;
  const { whenStoreFails, writeFields } = parts;
  let decision: ThrottleDecision | undefined;
  if (known.allowed !== undefined) decision = known;
  else if (whenStoreFails === 'open') return ALLOWED;
  else if (whenStoreFails === 'local') decision = parts.consumeLocally(charges);
  if (decision === undefined) return unavailable(known as Unknown);
  const { allowed, results } = decision;
  if (!allowed) return refused(rates, results, writeFields);
  const settle = conditional && settlement(charges, conditional, decision, decision === known, parts);
  return { allowed: true, retryAfterSeconds: 0, fields: writeFields(rates, results), unavailable: false, settle };
}

/** Gives back what is not counted for the answer, once. */
function settlement(
  charges: readonly Charge[],
  conditional: readonly Conditional[],
  decision: ThrottleDecision,
  ofEngine: boolean,
  { guard, refundLocally, log }: ThrottleParts,
): (status: number) => void {
  let settled = false;
  return (status) => {
    if (settled) return;
    settled = true;
    const free = conditional.filter(({ counts }) => isFree(counts, status, log));
    if (free.length === 0) return;
    const back = free.map(({ at }) => charges[at] as Charge);
    const results = free.map(({ at }) => decision.results[at] as ChargeResult);
    if (ofEngine) guard.refund(back, { allowed: true, results });
    else refundLocally(back, { allowed: true, results });
  };
}

/** A rule that throws counts the request. */
function isFree(counts: Counts, status: number, log: LogLimiter): boolean {
  try {
    return counts(status) === false;
  } catch (error) {
    const { kind, describe } = loggedFailure(error);
    log.error(kind, () => `The countWhen of a throttling policy failed: ${describe()}`);
    return false;
  }
}

function unavailable({ knownInMilliseconds }: Unknown): ThrottleOutcome {
  const seconds = secondsUntil(knownInMilliseconds);
  return seconds > 1 ? { ...UNAVAILABLE, retryAfterSeconds: seconds } : UNAVAILABLE;
}

function refused(
  rates: readonly CompiledRate[],
  results: readonly ChargeResult[],
  writeFields: WriteFields,
): ThrottleOutcome {
  let retryAfterSeconds = 1;
  for (const { allowed, resetMilliseconds } of results) {
    if (!allowed) retryAfterSeconds = Math.max(retryAfterSeconds, secondsUntil(resetMilliseconds));
  }
  return {
    allowed: false,
    retryAfterSeconds,
    fields: writeFields(rates, results),
    unavailable: false,
    settle: undefined,
  };
}
