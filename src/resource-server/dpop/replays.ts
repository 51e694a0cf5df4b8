import type { Clock } from '../../core/clock.js';
import { TemporarilyUnavailableError } from '../../core/errors.js';

/** Remembers used proofs. */
export interface Replays {
  /**
   * Claims a proof: resolves to whether this is its first use.
   *
   * @param id identifies the proof among those of all callers
   * @param milliseconds how long the proof could be used, and so must be remembered
   * @throws TemporarilyUnavailableError if this is unknown now
   */
  claim(id: string, milliseconds: number): boolean | Promise<boolean>;
  close?(): Promise<void>;
}

/** About 150 MB. Only callers with valid tokens get this far, each within its budget. */
const MOST_PROOFS = 1_000_000;

/** The proofs that this process has seen. */
export class LocalReplays implements Replays {
  /** Two generations, each filled for the time in which a proof can be used; then the older one is dropped. */
  private present = new Set<string>();
  private elder = new Set<string>();
  private turnsAt: number;

  /** @param windowMilliseconds the maximum time in which a proof can be used */
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
