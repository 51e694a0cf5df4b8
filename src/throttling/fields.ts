import type { Clock } from '../core/clock.js';
import type { CompiledRate } from './compiled-rate.js';
import type { ChargeResult } from './engine.js';
import type { CheckedOptions } from './throttling-options.js';

/** Response header fields by name, in lower case: otherwise Node would lower each name again for every response. */
export type ResponseFields = Readonly<Record<string, string>>;

export const NO_FIELDS: ResponseFields = Object.freeze({});

/** Writes the fields for the rates that were applied and their results, in the same order. */
export type WriteFields = (rates: readonly CompiledRate[], results: readonly ChargeResult[]) => ResponseFields;

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
