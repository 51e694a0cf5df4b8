import type { Clock } from '../core/clock.js';
import type { LogLimiter } from '../core/log-limiter.js';
import type { Observation } from '../core/observation/observation.js';
import { after, nativePromise } from '../core/promises.js';
import type { Rate } from '../core/rate.js';
import type { ThrottleAlgorithm } from './algorithm.js';
import { type Assessment, assess, assessDynamic, settlement } from './charges.js';
import type { CompiledRate } from './compiled-rate.js';
import type { MemoryEngine } from './engines/memory.js';
import type { Policy } from './policy.js';
import type { StoreGuard, Unknown } from './store-guard.js';
import type { SubjectName, ThrottleSubject } from './subject.js';
import { tallyAllowed, tallyRefused, tallyUndecided } from './tallying.js';
import type { Charge, ChargeResult, ThrottleDecision } from './throttle-engine.js';
import type { CheckedOptions, WhenStoreFails } from './throttling-options.js';

/** Response header fields by name, in lower case: otherwise Node would lower each name again for every response. */
export type ResponseFields = Readonly<Record<string, string>>;

export const NO_FIELDS: ResponseFields = Object.freeze({});

/** Writes the fields for the rates that were applied and their results, in the same order. */
export type WriteFields = (rates: readonly CompiledRate[], results: readonly ChargeResult[]) => ResponseFields;

/** The answer for one request. */
export interface ThrottleOutcome {
  /** Whether the request may pass. */
  readonly allowed: boolean;
  /** In how many whole seconds another try makes sense, at least 1; 0 if allowed. Becomes `Retry-After`. */
  readonly retryAfterSeconds: number;
  /** `RateLimit` and related fields, for the response to allowed and refused requests. */
  readonly fields: ResponseFields;
  /** Whether it is refused because the store is unavailable (503), not because the quota is exhausted (429). */
  readonly unavailable: boolean;
  /**
   * Present if a policy counts by the answer (`countWhen`): call it once, with the status of the answer that was sent. If
   * it is not called, the request is counted. Never throws.
   */
  readonly settle?: ((status: number) => void) | undefined;
}

/** A policy, for display. */
export interface DescribedPolicy {
  /** Its name, as the fields of answers have it. */
  readonly name: string;
  /** E.g. `100/hour`, `unlimited` or `by function`. */
  readonly description: string;
  /** Its rates, none if it is unlimited; `undefined` if a function of the host says them for each request. */
  readonly rates: readonly Pick<Rate, 'limit' | 'windowSeconds'>[] | undefined;
  /** Who is counted; `function` if a function of the host says it for each request. */
  readonly subject: SubjectName | 'function';
  /** The units that a request costs; `function` if a function of the host says them for each request. */
  readonly cost: number | 'function';
  /** How windows are counted. */
  readonly algorithm: ThrottleAlgorithm;
}

/** The policies of one action, compiled at start-up. */
export interface CompiledThrottle {
  /** The policies in their order, for display. */
  readonly policies: readonly DescribedPolicy[];
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
export interface CompiledThrottleDependencies {
  readonly guard: StoreGuard;
  /** The engine, if it counts in this process: it needs no guard. */
  readonly memory: MemoryEngine | undefined;
  readonly whenStoreFails: WhenStoreFails;
  /** Decides in the mode `local`; `undefined` if this process has no share that it may spend by itself. */
  consumeLocally(charges: readonly Charge[]): ThrottleDecision | undefined;
  /** Gives back what `consumeLocally` spent. */
  refundLocally(charges: readonly Charge[], decision: ThrottleDecision): void;
  readonly log: LogLimiter;
  readonly observation: Observation | undefined;
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

/** Compiles policies for an action. */
export function compileThrottle(
  policies: readonly Policy[],
  dependencies: CompiledThrottleDependencies,
): CompiledThrottle {
  const limiting = policies.filter(({ rates }) => typeof rates === 'function' || rates.length > 0);
  const described = Object.freeze(policies.map(describePolicy));
  if (limiting.length === 0) return Object.freeze({ policies: described, unlimited: true, decide: () => ALLOWED });
  const dynamic = limiting.some(({ rates }) => typeof rates === 'function');
  const assessed = limiting.every(({ ofToken }) => ofToken) ? rememberByToken() : assess;
  const decide = (subject: ThrottleSubject) => {
    if (!dynamic) return decideOn(assessed(limiting, subject), dependencies);
    return after(assessDynamic(limiting, subject), (assessment) => decideOn(assessment, dependencies));
  };
  return Object.freeze({ policies: described, unlimited: false, decide });
}

function describePolicy({ name, description, rates, subject, options }: Policy): DescribedPolicy {
  const fixed = typeof rates === 'function' ? undefined : rates;
  const { cost = 1, algorithm = 'fixed-window' } = options;
  return Object.freeze({
    name,
    description,
    rates: fixed?.map(({ limit, windowSeconds }) => Object.freeze({ limit, windowSeconds })),
    subject: typeof subject === 'function' ? 'function' : subject,
    cost: typeof cost === 'function' ? 'function' : cost,
    algorithm,
  });
}

/**
 * Builds keys and charges once per cached token, not per request. An authenticator of the host may use one token for
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
    // Without a key the request is counted by its address, which differs between requests.
    if (known !== undefined && known.principalKey === principal.key) return known.assessment;
    const assessment = assess(policies, subject);
    if (principal.key !== undefined) remembered.set(token, { principalKey: principal.key, assessment });
    return assessment;
  };
}

function decideOn(
  assessment: Assessment,
  dependencies: CompiledThrottleDependencies,
): ThrottleOutcome | Promise<ThrottleOutcome> {
  const { charges } = assessment;
  if (charges.length === 0) return ALLOWED;
  for (const { limit } of charges) {
    // A limit of 0 refuses even without a store.
    if (limit === 0) return refuseAtOnce(assessment, dependencies);
  }
  if (dependencies.memory !== undefined)
    return outcomeOf(assessment, dependencies.memory.consume(charges), dependencies);
  const decision = nativePromise(dependencies.guard.decide(charges, dependencies.whenStoreFails === 'closed'));
  if (!(decision instanceof Promise)) return outcomeOf(assessment, decision, dependencies);
  // Only what has to be waited for is I/O.
  const traced = dependencies.observation?.tracing.around('throttle.decide', () => decision) ?? decision;
  return traced.then((known) => outcomeOf(assessment, known, dependencies));
}

function refuseAtOnce({ rates }: Assessment, dependencies: CompiledThrottleDependencies): ThrottleOutcome {
  const zero = rates.filter(({ limit }) => limit === 0);
  const results = zero.map((rate) => ({ allowed: false, remaining: 0, resetMilliseconds: rate.windowMilliseconds }));
  return refused(zero, results, dependencies);
}

function outcomeOf(
  assessment: Assessment,
  known: ThrottleDecision | Unknown,
  dependencies: CompiledThrottleDependencies,
): ThrottleOutcome {
  const { rates, charges, conditional } = assessment;
  const { whenStoreFails, writeFields } = dependencies;
  if (known.allowed === undefined) tallyUndecided(rates);
  let decision: ThrottleDecision | undefined;
  if (known.allowed !== undefined) decision = known;
  else if (whenStoreFails === 'open') return ALLOWED;
  else if (whenStoreFails === 'local') decision = dependencies.consumeLocally(charges);
  if (decision === undefined) return unavailable(known as Unknown);
  const { allowed, results } = decision;
  if (!allowed) return refused(rates, results, dependencies);
  tallyAllowed(rates, results);
  const refund = conditional && refundBy(decision === known, dependencies);
  const settle = refund && settlement(charges, conditional, decision, refund, dependencies.log);
  return { allowed: true, retryAfterSeconds: 0, fields: writeFields(rates, results), unavailable: false, settle };
}

/** Creates the refund of units: by the engine, or by whatever decided in its place. */
function refundBy(
  engine: boolean,
  { guard, refundLocally }: CompiledThrottleDependencies,
): CompiledThrottleDependencies['refundLocally'] {
  return engine ? (charges, decision) => guard.refund(charges, decision) : refundLocally;
}

function unavailable({ knownInMilliseconds }: Unknown): ThrottleOutcome {
  const seconds = secondsUntil(knownInMilliseconds);
  return seconds > 1 ? { ...UNAVAILABLE, retryAfterSeconds: seconds } : UNAVAILABLE;
}

function refused(
  rates: readonly CompiledRate[],
  results: readonly ChargeResult[],
  { writeFields, observation }: CompiledThrottleDependencies,
): ThrottleOutcome {
  const policies = tallyRefused(rates, results);
  let retryAfterSeconds = 1;
  for (const { allowed, resetMilliseconds } of results) {
    if (!allowed) retryAfterSeconds = Math.max(retryAfterSeconds, secondsUntil(resetMilliseconds));
  }
  observation?.events.tell('throttle.refused', () => ({ policies, retryAfterSeconds }));
  return {
    allowed: false,
    retryAfterSeconds,
    fields: writeFields(rates, results),
    unavailable: false,
    settle: undefined,
  };
}

/**
 * Makes the writer of `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10 §3 and §4), e.g.
 * `"user";q=100;w=3600` and `"user";r=50;t=30`, and of the older `X-RateLimit-*`.
 */
export function fieldsWriter({ version, legacy }: CheckedOptions['fields'], clock: Clock): WriteFields {
  if (version === false && !legacy) return () => NO_FIELDS;
  return (rates, results) => {
    if (rates.length === 0) return NO_FIELDS;
    if (version === false) return legacyFields(rates, results, clock);
    const fields = { 'ratelimit-policy': policyList(rates), ratelimit: limitList(rates, results) };
    return legacy ? { ...fields, ...legacyFields(rates, results, clock) } : fields;
  };
}

/** Whole seconds until a window ends, never too few. */
export function secondsUntil(resetMilliseconds: number): number {
  return Math.max(0, Math.ceil(resetMilliseconds / 1000));
}

function policyList(rates: readonly CompiledRate[]): string {
  let list = rates[0]?.policyItem ?? '';
  for (let index = 1; index < rates.length; index++) list += `, ${rates[index]?.policyItem}`;
  return list;
}

function limitList(rates: readonly CompiledRate[], results: readonly ChargeResult[]): string {
  let list = limitItem(rates[0] as CompiledRate, results[0] as ChargeResult);
  for (let index = 1; index < rates.length; index++) {
    list += `, ${limitItem(rates[index] as CompiledRate, results[index] as ChargeResult)}`;
  }
  return list;
}

function limitItem({ limitItem: beginning }: CompiledRate, { remaining, resetMilliseconds }: ChargeResult): string {
  return `${beginning}${remaining};t=${secondsUntil(resetMilliseconds)}`;
}

function legacyFields(rates: readonly CompiledRate[], results: readonly ChargeResult[], clock: Clock): ResponseFields {
  let scarcest = 0;
  results.forEach((result, index) => {
    const best = results[scarcest] as ChargeResult;
    const longer = result.remaining === best.remaining && result.resetMilliseconds > best.resetMilliseconds;
    if (result.remaining < best.remaining || longer) scarcest = index;
  });
  const { remaining, resetMilliseconds } = results[scarcest] as ChargeResult;
  return {
    'x-ratelimit-limit': String(rates[scarcest]?.limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(Math.ceil((clock.nowMilliseconds() + resetMilliseconds) / 1000)),
  };
}
