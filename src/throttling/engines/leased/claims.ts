import { slides } from '../../algorithm.js';
import type { Charge } from '../../engine.js';
import { HORIZON_MILLISECONDS, speculativeUnits } from './demand.js';
import type { KeyState, KeyStates, Lease, Refusal } from './key-states.js';
import type { Leases } from './leases.js';
import type { Claim, Claimed } from './ledger.js';
import { covers, liveLease } from './local-decision.js';
import type { Portion } from './portions.js';

/** What a request means for one of its charges, while the ledger is asked. */
export interface Plan {
  readonly charge: Charge;
  readonly state: KeyState;
  /** Whether a lease pays the charge, so that the ledger is not asked for it. */
  readonly covered: boolean;
  /** What a lease pays; taken from it already. */
  readonly lease: Lease | undefined;
  readonly held: number;
  /** What the ledger is asked for. */
  readonly need: number;
  claimed: Claimed | undefined;
  receivedAt: number;
  /** What the ledger granted for this request. */
  granted: Portion | undefined;
}

/** How long a refusal is remembered, at first, whose units may come back before its window ends. */
const FIRST_PAUSE_MILLISECONDS = 100;

/** Takes what leases can pay, and says what is to be asked. */
export function plan(keys: KeyStates, charge: Charge, now: number): Plan {
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

/** @param asking whether it is only asked, since another part of the request was refused */
export function claimOf({ charge, state, need }: Plan, now: number, divisor: number, asking: boolean): Claim {
  if (asking) return { charge, need: 0, want: 0, more: 0, divisor };
  if (charge.cost === 0) return { charge, need, want: 0, more: 0, divisor };
  // A unit more than is waited for, so that the last one who waits need not ask once more for the sake of `covers`.
  const more = Math.max(speculation(charge, state, now), state.waiting > 0 ? 1 : 0);
  return { charge, need, want: state.waiting, more, divisor };
}

/** The units that a lease of a key should have now. */
export function speculation(charge: Charge, state: KeyState, now: number): number {
  if (state.claimedAt === 0) return 0;
  const horizon = slides(charge) ? Math.min(500, charge.windowMilliseconds / 200) : HORIZON_MILLISECONDS;
  return speculativeUnits(state.spent, now - state.claimedAt, state.size, horizon);
}

/**
 * Takes in what the ledger said to one claim.
 *
 * @param sentAt the moment before the claim was sent: what the ledger says to be left is counted from then, so that no
 * lease is ever longer than the window
 */
export function learn(
  one: Plan,
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
  const { charge, state } = one;
  const { generation, granted, sentAt, receivedAt } = answer;
  const sliding = slides(charge);
  const resetAt = receivedAt + claimed.resetMilliseconds;
  one.claimed = claimed;
  one.receivedAt = receivedAt;
  state.claimedAt = Math.max(1, Math.floor(sentAt));
  state.spent = 0;
  if (granted && claimed.id !== 0 && !sliding && state.lease !== undefined && state.lease.id !== claimed.id) {
    leases.retire(state);
  }
  if (granted && claim.need > 0) {
    // Units of a sliding window were spent at the moment of the decision, and cannot be spent again later.
    const deadline = sliding ? Number.NEGATIVE_INFINITY : sentAt + claimed.resetMilliseconds;
    one.granted = { generation, id: claimed.id, units: claim.need, deadline, resetAt };
  }
  if (granted && claimed.extra > 0) {
    const deadline = sentAt + claimed.extraMilliseconds;
    const portion = { generation, id: claimed.extraId, units: claimed.extra, deadline, resetAt };
    const lease = leases.lend(state, charge, portion);
    lease.lowWater = sliding ? -1 : Math.floor(claimed.extra / 4);
  }
  if (granted) state.size = claimed.extra;
  state.refusal = refusalAfter(one, claim, claimed, granted, resetAt);
}

/** What is to be remembered after an answer: until when which costs are refused without asking. */
function refusalAfter(
  { charge, state }: Plan,
  claim: Claim,
  { fits, available, soft }: Claimed,
  granted: boolean,
  resetAt: number,
): Refusal | undefined {
  const mayComeBack = soft || charge.mayBeRefunded === true;
  if (fits) {
    // The last unit was given: there is nothing more to ask for.
    const spentUp = granted && available === 0 && !mayComeBack && !slides(charge);
    if (!spentUp) return undefined;
    return { from: 1, until: resetAt, resetAt, available, undecided: false, nextPause: FIRST_PAUSE_MILLISECONDS };
  }
  const pause = state.refusal?.nextPause ?? FIRST_PAUSE_MILLISECONDS;
  const until = mayComeBack ? Math.min(resetAt, state.claimedAt + pause) : resetAt;
  return {
    from: slides(charge) ? claim.need : available + 1,
    until,
    resetAt,
    available,
    undecided: false,
    nextPause: pause * 2,
  };
}

/** Remembers that the ledger cannot know. */
export function learnUndecided({ state }: Plan, until: number): void {
  state.refusal = {
    from: 0,
    until,
    resetAt: until,
    available: 0,
    undecided: true,
    nextPause: FIRST_PAUSE_MILLISECONDS,
  };
}
