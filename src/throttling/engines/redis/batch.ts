import { CounterError } from '../../store-errors.js';
import type { Claim, LedgerAnswer } from '../leased/ledger.js';
import { CLAIM_ANSWER, CLAIM_EACH_ITEM, CLAIMED_EACH_ITEM, CODES } from './protocol.js';
import { appendRow, rowStart } from './rows.js';

/** The greatest number of claims in one call. */
const MAXIMUM_CLAIMS = 256;

interface PendingClaim {
  readonly claim: Claim;
  readonly key: string;
  /** A number is the code with which the whole call was refused. */
  resolve(answer: LedgerAnswer | number): void;
  reject(error: unknown): void;
}

/** Calls the script with the keys and items of several claims, and resolves to its answer. */
export type CallEach = (keys: readonly string[], items: readonly number[]) => Promise<number[]>;

/** Sends the claims of one turn of the event loop together, because each command has its own cost. */
export class ClaimBatch {
  private readonly call: CallEach;
  private pending: PendingClaim[] = [];

  constructor(call: CallEach) {
    this.call = call;
  }

  /** The answer to one claim, or the negative code with which the whole call was refused. */
  add(claim: Claim, key: string): Promise<LedgerAnswer | number> {
    return new Promise((resolve, reject) => {
      if (this.pending.length === 0) setImmediate(() => this.send());
      this.pending.push({ claim, key, resolve, reject });
    });
  }

  private send(): void {
    const pending = this.pending;
    this.pending = [];
    for (let from = 0; from < pending.length; from += MAXIMUM_CLAIMS) {
      void this.sendPart(pending.slice(from, from + MAXIMUM_CLAIMS));
    }
  }

  private async sendPart(part: readonly PendingClaim[]): Promise<void> {
    try {
      const keys: string[] = [];
      const items: number[] = [];
      for (const one of part) {
        const { charge, need, want, more, divisor } = one.claim;
        const { limit, windowMilliseconds } = charge;
        keys.push(one.key);
        appendRow(items, CLAIM_EACH_ITEM, { limit, windowMilliseconds, need, want, more, divisor });
      }
      const answer = await this.call(keys, items);
      const decision = answer[CLAIM_ANSWER.at.decision] ?? CODES.tooLate;
      for (let index = 0; index < part.length; index++) {
        const one = part[index] as PendingClaim;
        if (decision < 0) one.resolve(decision);
        else settle(one, answer, rowStart(CLAIM_ANSWER, CLAIMED_EACH_ITEM, index));
      }
    } catch (error) {
      for (const one of part) one.reject(error);
    }
  }
}

/** @param start where the part of the answer about this claim begins */
function settle(one: PendingClaim, answer: readonly number[], start: number): void {
  const { at } = CLAIMED_EACH_ITEM;
  const code = answer[start + at.code] as number;
  const leftMilliseconds = answer[start + at.leftMilliseconds] as number;
  if (code < 0) {
    if (code === CODES.undecided) one.resolve({ decision: 'undecided', milliseconds: leftMilliseconds });
    else one.reject(new CounterError(`The key ${one.key} contains something other than a counter.`));
    return;
  }
  const granted = code === CODES.granted;
  const extra = answer[start + at.extra] as number;
  const id = one.claim.need + extra > 0 && granted ? (answer[CLAIM_ANSWER.at.now] as number) + leftMilliseconds : 0;
  one.resolve({
    decision: granted ? 'granted' : 'refused',
    generation: answer[CLAIM_ANSWER.at.generation] as number,
    claimed: [
      {
        fits: granted,
        available: answer[start + at.available] as number,
        resetMilliseconds: leftMilliseconds,
        id,
        extra,
        extraId: id,
        extraMilliseconds: id === 0 ? 0 : leftMilliseconds,
        soft: answer[start + at.soft] === 1,
      },
    ],
  });
}
