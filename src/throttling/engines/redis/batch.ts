import { CounterError } from '../../store-errors.js';
import type { Claim, LedgerAnswer } from '../leased/ledger.js';
import { NUMBERS_PER_EACH } from './scripts/claim-each.js';

/** How many claims travel in one call at most. */
const MAXIMUM_CLAIMS = 256;
const UNDECIDED = -3;

interface Waiting {
  readonly claim: Claim;
  readonly key: string;
  /** A number: the call was not carried out, as it says. */
  resolve(answer: LedgerAnswer | number): void;
  reject(error: unknown): void;
}

/** Calls the script; answers with what it answered. */
export type CallEach = (keys: readonly string[], parameters: readonly number[]) => Promise<number[]>;

/** Sends the claims of one turn of the event loop together: a command has a price of its own, whatever is in it. */
export class ClaimBatch {
  readonly #call: CallEach;
  #waiting: Waiting[] = [];

  constructor(call: CallEach) {
    this.#call = call;
  }

  /** The answer to one claim, or the negative number with which the whole call was refused. */
  add(claim: Claim, key: string): Promise<LedgerAnswer | number> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#send());
      this.#waiting.push({ claim, key, resolve, reject });
    });
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length; from += MAXIMUM_CLAIMS) {
      void this.#sendPart(waiting.slice(from, from + MAXIMUM_CLAIMS));
    }
  }

  async #sendPart(part: readonly Waiting[]): Promise<void> {
    try {
      const keys: string[] = [];
      const parameters: number[] = [];
      for (const one of part) {
        const { charge, need, want, more, divisor } = one.claim;
        keys.push(one.key);
        parameters.push(charge.limit, charge.windowMilliseconds, need, want, more, divisor);
      }
      const answer = await this.#call(keys, parameters);
      const [decision = -1] = answer;
      for (let index = 0; index < part.length; index++) {
        const one = part[index] as Waiting;
        if (decision < 0) one.resolve(decision);
        else settle(one, answer, 3 + index * NUMBERS_PER_EACH);
      }
    } catch (error) {
      for (const one of part) one.reject(error);
    }
  }
}

function settle(one: Waiting, answer: readonly number[], at: number): void {
  const status = answer[at] as number;
  const left = answer[at + 2] as number;
  if (status < 0) {
    if (status === UNDECIDED) one.resolve({ decision: 'undecided', milliseconds: left });
    else one.reject(new CounterError(`The counter ${one.key} holds something else.`));
    return;
  }
  const extra = answer[at + 3] as number;
  const id = one.claim.need + extra > 0 && status === 1 ? (answer[1] as number) + left : 0;
  one.resolve({
    decision: status === 1 ? 'granted' : 'refused',
    generation: answer[2] as number,
    claimed: [
      {
        fits: status === 1,
        available: answer[at + 1] as number,
        resetMilliseconds: left,
        id,
        extra,
        extraId: id,
        extraMilliseconds: id === 0 ? 0 : left,
        soft: answer[at + 4] === 1,
      },
    ],
  });
}
