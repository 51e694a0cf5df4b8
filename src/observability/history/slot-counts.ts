import { isPeak, type SlotCounts } from '../../core/observation/history-store.js';
import {
  ACCESS_OUTCOMES,
  type AccessOutcome,
  LOOK_UP_LEVELS,
  type LookUpLevel,
} from '../../core/observation/outcomes.js';
import type { HistorySlot, PolicyHistory } from '../../core/observation/overview.js';
import type { Readings } from '../readings.js';

/** The names of policies, as `throttling` allows them. */
const POLICY = /^[A-Za-z0-9_.:-]{1,64}$/;
/** More policies than this are not shown; other programs may write to a Redis, too. */
const MOST_POLICIES = 100;

type PolicyCount = Exclude<keyof PolicyHistory, 'peak'>;
const POLICY_COUNTS: readonly PolicyCount[] = ['allowed', 'refused', 'undecided'];

/** All counts of a process since its start, by the names that slots have. Peaks are those of the present moment. */
export function countsNow(readings: Readings): Record<string, number> {
  const { access, lookUps, policies } = readings.statistics;
  const counts: Record<string, number> = {
    issued: readings.count('token.issued') + readings.count('token.refreshed'),
    revoked: readings.tokensRevoked,
  };
  for (const outcome of ACCESS_OUTCOMES) counts[`access:${outcome}`] = access[outcome];
  for (const level of LOOK_UP_LEVELS) counts[`level:${level}`] = sumOf(lookUps[level]);
  for (const tally of policies.all()) {
    for (const count of POLICY_COUNTS) counts[`${count}:${tally.policy}`] = tally[count];
    counts[`peak:${tally.policy}`] = Math.round(tally.peak * 1000);
  }
  return counts;
}

/** What has been added since an earlier moment; nothing that is 0. */
export function difference(now: SlotCounts, before: SlotCounts): Record<string, number> {
  const added: Record<string, number> = {};
  for (const [name, count] of Object.entries(now)) {
    const more = isPeak(name) ? count : count - (before[name] ?? 0);
    if (more > 0) added[name] = more;
  }
  return added;
}

/** Adds counts to a slot. */
export function addTo(slot: Record<string, number>, added: SlotCounts): void {
  for (const [name, count] of Object.entries(added)) {
    const held = slot[name] ?? 0;
    slot[name] = isPeak(name) ? Math.max(held, count) : held + count;
  }
}

/** Reads a slot. Names that are not known are left out. */
export function slotOf(startsAtMilliseconds: number, counts: SlotCounts): HistorySlot {
  const of = (name: string) => counts[name] ?? 0;
  const access: Partial<Record<AccessOutcome, number>> = {};
  for (const outcome of ACCESS_OUTCOMES) if (of(`access:${outcome}`) > 0) access[outcome] = of(`access:${outcome}`);
  const levels = Object.fromEntries(LOOK_UP_LEVELS.map((level) => [level, of(`level:${level}`)]));
  const policies: Record<string, PolicyHistory> = {};
  for (const name of policyNames(counts)) {
    const [allowed = 0, refused = 0, undecided = 0] = POLICY_COUNTS.map((count) => of(`${count}:${name}`));
    policies[name] = { allowed, refused, undecided, peak: Math.min(1, of(`peak:${name}`) / 1000) };
  }
  return {
    startsAtMilliseconds,
    issued: of('issued'),
    revoked: of('revoked'),
    access,
    levels: levels as Record<LookUpLevel, number>,
    policies,
  };
}

function policyNames(counts: SlotCounts): Set<string> {
  const names = new Set<string>();
  for (const name of Object.keys(counts)) {
    const [, policy] = /^(?:allowed|refused|undecided):(.+)$/.exec(name) ?? [];
    if (policy !== undefined && POLICY.test(policy) && names.size < MOST_POLICIES) names.add(policy);
  }
  return names;
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
