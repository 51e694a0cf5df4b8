import type { Clock } from '../../core/clock.js';
import { TemporarilyUnavailableError } from '../../core/errors.js';

/** Remembers proofs that were used. */
export interface Replays {
  /**
   * Claims a proof: resolves to whether this is its first use.
   *
   * @param id names the proof, whoever made it
   * @param milliseconds for how long it could be used, and so has to be remembered
   * @throws TemporarilyUnavailableError if that cannot be said now
   */
  claim(id: string, milliseconds: number): boolean | Promise<boolean>;
  close?(): Promise<void>;
}

/** About 150 MB. Only callers with good tokens get here, each within its budget. */
const MOST_PROOFS = 1_000_000;

/** The proofs that this process has seen. */
export class LocalReplays implements Replays {
  /** Two generations, each of which is filled for as long as a proof can be used; then the elder one is dropped. */
  private present = new Set<string>();
  private elder = new Set<string>();
  private turnsAt: number;

  /** @param windowMilliseconds for how long a proof can be used at most */
  constructor(
    private readonly clock: Clock,
    private readonly windowMilliseconds: number,
  ) {
    this.turnsAt = clock.monotonicMilliseconds() + windowMilliseconds;
  }

  claim(id: string): boolean {
    const now = this.clock.monotonicMilliseconds();
    if (now >= this.turnsAt) {
      this.elder = this.present;
      this.present = new Set();
      this.turnsAt = now + this.windowMilliseconds;
    }
    if (this.present.has(id) || this.elder.has(id)) return false;
    if (this.present.size >= MOST_PROOFS) {
      throw new TemporarilyUnavailableError({
        part: 'DPoP proofs',
        detail: `${MOST_PROOFS} DPoP proofs are remembered already`,
      });
    }
    this.present.add(id);
    return true;
  }
}
