import type { ActionSummary } from '../../oauth2.js';
import { alternativeText } from './access-text.js';
import { implies } from './implication.js';
import type { RouteRow } from './route-rows.js';

/**
 * Why the guard of one row lets requests in that the guard of the other refuses, or may do so; empty if it surely does not.
 */
export function weakerGuard(now: RouteRow, before: RouteRow): string[] {
  if (before.isPublic) return [];
  if (now.isPublic) return ['it is public'];
  const dropped = before.objectPermissions.filter((name) => !now.objectPermissions.includes(name));
  return [...admitted(now, before), ...dropped.map((name) => `${name} does not decide about entities any more`)];
}

function admitted(now: RouteRow, before: RouteRow): string[] {
  if (now.rule === before.rule) return [];
  const { alternatives } = before;
  if (now.alternatives === undefined || alternatives === undefined) return ['it has too many alternatives to compare'];
  return now.alternatives
    .filter((one) => !alternatives.some((enough) => implies(one, enough)))
    .map((one) => `it may let in: ${alternativeText(one)}`);
}

/** What throttles of one row allow that those of the other did not, or may do so. */
export function weakerThrottles(now: RouteRow, before: RouteRow): string[] {
  return before.policies.filter(isLimiting).flatMap((policy) => {
    const same = now.policies.find(({ name }) => name === policy.name);
    const throttle = `the throttle ${policy.name} (${policy.description})`;
    if (same === undefined) return [`${throttle} is gone`];
    return weakerThan(policy, same).map((text) => `${throttle} ${text}`);
  });
}

type Policy = ActionSummary['policies'][number];

function isLimiting({ rates }: Policy): boolean {
  return rates === undefined || rates.length > 0;
}

function weakerThan(before: Policy, now: Policy): string[] {
  const found = isAsStrict(now, before) ? [] : [`is ${now.description} now`];
  // Without a limit, nothing else tells anything.
  if (!isLimiting(now)) return found;
  if (now.subject !== before.subject)
    found.push(`counts by ${saying(now.subject)} now, not by ${saying(before.subject)}`);
  if (isCheaper(now, before)) found.push(`costs ${units(now.cost)} now, not ${units(before.cost)}`);
  // Around the end of a fixed window, twice the limit fits into the length of one.
  if (now.algorithm === 'fixed-window' && before.algorithm !== 'fixed-window') {
    found.push('counts in fixed windows now, not in sliding ones');
  }
  return found;
}

function isCheaper({ cost: now }: Policy, { cost: before }: Policy): boolean {
  if (now === 'function' || before === 'function') return now !== before;
  return now < before;
}

function units(cost: Policy['cost']): string {
  return typeof cost === 'number' ? `${cost} ${cost === 1 ? 'unit' : 'units'}` : saying(cost);
}

function saying(value: string): string {
  return value === 'function' ? 'what a function says' : value;
}

/** Every rate that held before is implied by one that holds now: no more requests, in no shorter time. */
function isAsStrict(now: Policy, before: Policy): boolean {
  if (!['', conditionOf(before)].includes(conditionOf(now))) return false;
  if (now.rates === undefined || before.rates === undefined) return now.rates === before.rates;
  return before.rates.every((rate) =>
    now.rates?.some(({ limit, windowSeconds }) => limit <= rate.limit && windowSeconds >= rate.windowSeconds),
  );
}

/** What a description says behind the rates: which answers count. */
function conditionOf({ description }: Policy): string {
  return description.includes(',') ? description.slice(description.indexOf(',')) : '';
}
