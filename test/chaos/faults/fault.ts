import type { Stand } from './stand.js';

/** Something that happens to a part of a stand, and its end. */
export interface Fault {
  readonly name: string;
  begin(stand: Stand): Promise<unknown>;
  /** Resolves when the part is as it was; from then on the time to recover is counted. */
  end(stand: Stand): Promise<unknown>;
  /** Lasts until this holds, if it takes longer than others. */
  until?(stand: Stand): Promise<boolean>;
  /** Nothing is answered meanwhile, so it lasts for longer than any request may: one without a deadline would show. */
  readonly isSilent?: boolean;
  /** How many times the ledger of the throttles may be lost: each may admit a limit once more (docs/throttling.md). */
  readonly losses?: number;
}
