import type { Clock } from '../../../core/clock.js';
import { StoreLateError } from '../../store-errors.js';
import type { Charge, ThrottleDecision } from '../../throttle-engine.js';
import type { ClaimRounds } from './claim-rounds.js';
import type { KeyState, KeyStates } from './key-states.js';
import { balanceOf } from './leases.js';

/** How often a request waits, or asks the ledger again because the granted units had expired on arrival. */
const MAXIMUM_TURNS = 1000;
const MAXIMUM_CLAIMS = 4;

/** Requests that this process cannot decide by itself: each waits for a call in progress, or makes one. */
export class LedgerRequests {
  private readonly rounds: ClaimRounds;
  private readonly keys: KeyStates;
  private readonly clock: Clock;
  private readonly decideLocally: (charges: readonly Charge[], now: number) => ThrottleDecision | undefined;

  constructor(
    rounds: ClaimRounds,
    keys: KeyStates,
    clock: Clock,
    decideLocally: (charges: readonly Charge[], now: number) => ThrottleDecision | undefined,
  ) {
    this.rounds = rounds;
    this.keys = keys;
    this.clock = clock;
    this.decideLocally = decideLocally;
  }

  /**
   * @param isOver whether the caller has stopped waiting
   * @throws StoreLateError (rejects) if the ledger does not decide in time
   */
  async ask(charges: readonly Charge[], now: number, isOver: () => boolean): Promise<ThrottleDecision> {
    let claims = 0;
    for (let turn = 0; turn < MAXIMUM_TURNS && claims < MAXIMUM_CLAIMS; turn++) {
      const moment = turn === 0 ? now : this.clock.monotonicMilliseconds();
      if (turn > 0) {
        const known = this.decideLocally(charges, moment);
        if (known !== undefined) return known;
        if (isOver()) break;
      }
      const pending = this.pendingCall(charges, moment);
      if (pending !== undefined) {
        await this.waitFor(pending, charges);
        continue;
      }
      claims++;
      const decision = await this.rounds.claim(charges, moment, isOver);
      if (decision !== undefined) return decision;
    }
    throw new StoreLateError('The ledger gave no answer in time.');
  }

  /** The state of a charge that has to wait for a call in progress. */
  private pendingCall(charges: readonly Charge[], now: number): KeyState | undefined {
    for (const { key, cost } of charges) {
      const state = this.keys.get(key);
      if (state?.inFlight === undefined) continue;
      if (cost === 0 || balanceOf(state, now) <= cost) return state;
    }
    return undefined;
  }

  private async waitFor(state: KeyState, charges: readonly Charge[]): Promise<void> {
    const cost = charges.find(({ key }) => this.keys.peek(key) === state)?.cost ?? 0;
    state.waiting += cost;
    const failure = await state.inFlight;
    state.waiting -= cost;
    if (failure !== undefined) throw failure;
  }
}
