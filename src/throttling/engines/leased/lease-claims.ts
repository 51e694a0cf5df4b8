import { slides } from '../../algorithm.js';
import type { Charge, ChargeResult } from '../../throttle-engine.js';
import { HORIZON_MILLISECONDS, speculativeUnits } from './demand.js';
import { type KeyState, type KeyStates, type Lease, type Refusal, recordOwnUnits } from './key-states.js';
import { balanceOf, type Leases } from './leases.js';
import type { Claim, Claimed } from './ledger.js';
import { covers, freshlyAvailable, liveLease } from './local-decision.js';
import { leasedResult, type Portion } from './portions.js';

/** One charge of a request while the ledger is asked. */
export interface PendingCharge {
  readonly charge: Charge;
  readonly state: KeyState;
  /** Whether a lease pays the charge, so that the ledger is not asked for it. */
  readonly covered: boolean;
  /** The lease that pays for (a part of) it. */
  readonly lease: Lease | undefined;
  /** The units that were already taken from the lease. */
  readonly held: number;
  /** The units that the ledger is asked for. */
  readonly need: number;
  claimed: Claimed | undefined;
  receivedAt: number;
  /** The units that the ledger granted for this request. */
  granted: Portion | undefined;
}

/** How long a refusal is remembered at first if its units may come back before its window ends. */
const FIRST_PAUSE_MILLISECONDS = 100;

/** Takes what a lease can pay, and records what has to be claimed. */
export function holdFromLease(keys: KeyStates, charge: Charge, now: number): PendingCharge {
  const state = keys.getOrAdd(charge.key);
  const lease = liveLease(state, now);
  const covered = covers(lease, charge.cost);
  const held = Math.min(lease?.balance ?? 0, charge.cost);
  if (lease !== undefined) lease.balance -= held;
  return {
    charge,
    state,
    covered,
    lease,
    held,
    need: charge.cost - held,
    claimed: undefined,
    receivedAt: now,
    granted: undefined,
  };
}

/** @param asking whether the ledger is only asked for the state, because another part of the request was refused */
export function claimOf({ charge, state, need }: PendingCharge, now: number, divisor: number, asking: boolean): Claim {
  if (asking) return { charge, need: 0, want: 0, more: 0, divisor };
  if (charge.cost === 0) return { charge, need, want: 0, more: 0, divisor };
  // One unit more than requests wait for, because `covers` keeps one, so that the last of them need not ask again.
  const more = Math.max(speculation(charge, state, now), state.waiting > 0 ? 1 : 0);
  return { charge, need, want: state.waiting, more, divisor };
}

/** The units that a lease of a key should have now. */
function speculation(charge: Charge, state: KeyState, now: number): number {
  if (state.claimedAt === 0) return 0;
  const horizonMilliseconds = slides(charge)
    ? Math.min(HORIZON_MILLISECONDS, charge.windowMilliseconds / 200)
    : HORIZON_MILLISECONDS;
  return speculativeUnits(state.spent, now - state.claimedAt, state.size, horizonMilliseconds);
}

/**
 * Applies the answer of the ledger to one claim.
 *
 * @param sentAt the moment before the claim was sent: the remaining time that the ledger reports is counted from then,
 *   so that no lease is longer than the window
 */
export function applyAnswer(
  pending: PendingCharge,
  claim: Claim,
  claimed: Claimed,
  answer: {
    readonly generation: number;
    readonly granted: boolean;
    readonly sentAt: number;
    readonly receivedAt: number;
  },
  leases: Leases,
): void {
  const { charge, state } = pending;
  const { generation, granted, sentAt, receivedAt } = answer;
  const sliding = slides(charge);
  const resetAt = receivedAt + claimed.resetMilliseconds;
  pending.claimed = claimed;
  pending.receivedAt = receivedAt;
  state.claimedAt = Math.max(1, Math.floor(sentAt));
  state.spent = 0;
  if (granted && claimed.id !== 0 && !sliding && state.lease !== undefined && state.lease.id !== claimed.id) {
    leases.retire(state);
  }
  if (granted && claim.need > 0) {
    // Units of a sliding window were spent at the moment of the decision, and cannot be spent again later.
    const deadline = sliding ? Number.NEGATIVE_INFINITY : sentAt + claimed.resetMilliseconds;
    pending.granted = { generation, id: claimed.id, units: claim.need, deadline, resetAt };
  }
  if (granted && claimed.extra > 0) {
    const deadline = sentAt + claimed.extraMilliseconds;
    const portion = { generation, id: claimed.extraId, units: claimed.extra, deadline, resetAt };
    const lease = leases.lend(state, charge, portion);
    lease.lowWater = sliding ? -1 : Math.floor(claimed.extra / 4);
  }
  if (granted) state.size = claimed.extra;
  state.refusal = refusalAfter(pending, claim, claimed, granted, resetAt);
}

/** What is remembered after an answer: the costs that are refused without asking, and until when. */
function refusalAfter(
  { charge, state }: PendingCharge,
  claim: Claim,
  { fits, available, soft }: Claimed,
  granted: boolean,
  resetAt: number,
): Refusal | undefined {
  const mayComeBack = soft || charge.mayBeRefunded === true;
  if (fits) {
    // The last unit was granted: no more can be claimed.
    const exhausted = granted && available === 0 && !mayComeBack && !slides(charge);
    if (!exhausted) return undefined;
    return refusal({ from: 1, until: resetAt, resetAt, available });
  }
  const pauseMilliseconds = state.refusal?.nextPauseMilliseconds ?? FIRST_PAUSE_MILLISECONDS;
  const until = mayComeBack ? Math.min(resetAt, state.claimedAt + pauseMilliseconds) : resetAt;
  const from = slides(charge) ? claim.need : available + 1;
  return refusal({ from, until, resetAt, available, nextPauseMilliseconds: pauseMilliseconds * 2 });
}

/** Remembers that the ledger cannot decide yet. */
export function rememberUndecided({ state }: PendingCharge, until: number): void {
  state.refusal = refusal({ from: 0, until, resetAt: until, available: 0, undecided: true });
}

function refusal(known: Omit<Refusal, 'undecided' | 'nextPauseMilliseconds'> & Partial<Refusal>): Refusal {
  const { from, until, resetAt, available, undecided = false } = known;
  const { nextPauseMilliseconds = FIRST_PAUSE_MILLISECONDS } = known;
  return { from, until, resetAt, available, undecided, nextPauseMilliseconds };
}

/** The result of one charge of a request after the ledger has decided. */
export function resultOf(
  { charge, state, lease, held, claimed, granted, receivedAt }: PendingCharge,
  allowed: boolean,
  now: number,
): ChargeResult {
  const balance = balanceOf(state, now);
  let available = claimed?.available ?? 0;
  const resetAt = claimed === undefined ? (lease?.resetAt ?? now) : receivedAt + claimed.resetMilliseconds;
  if (!allowed) {
    // On a Cluster, the units that an earlier call granted were returned: to a lease, or for a sliding window to the
    // ledger.
    if (granted !== undefined && slides(charge)) available += granted.units;
    if (claimed === undefined) available = freshlyAvailable(state, now);
    const fits = claimed === undefined || (claimed.fits && charge.cost <= available + balance);
    return leasedResult(fits, available + balance, resetAt - now);
  }
  state.spent += charge.cost;
  recordOwnUnits(state, charge, charge.cost, resetAt, now);
  const portions: Portion[] = granted === undefined ? [] : [granted];
  if (lease !== undefined && held > 0) {
    lease.spentSinceSweep += held;
    const { generation, id, deadline } = lease;
    portions.push({ generation, id, units: held, deadline, resetAt });
  }
  return leasedResult(true, available + balance, resetAt - now, portions);
}
