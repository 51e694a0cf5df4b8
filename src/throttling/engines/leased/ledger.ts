import type { Charge } from '../../throttle-engine.js';

/** A claim to the ledger for one key. */
export interface Claim {
  readonly charge: Charge;
  /** Units that the request itself spends; all claims of a call are granted theirs, or none. */
  readonly need: number;
  /** Units that other requests of this process wait for. */
  readonly want: number;
  /** Units that are claimed speculatively. */
  readonly more: number;
  /** `more` is at most this part of what remains, as a divisor. */
  readonly divisor: number;
}

/** The answer of the ledger to one claim. */
export interface Claimed {
  readonly fits: boolean;
  /** The units that are free after the decision. */
  readonly available: number;
  /** Measured from the moment of the decision; see `ChargeResult.resetMilliseconds`. */
  readonly resetMilliseconds: number;
  /** Identifies where the needed units were counted: the end of a fixed window, or the time in a sliding one. */
  readonly id: number;
  /** Units of `want` and `more` that were granted. */
  readonly extra: number;
  readonly extraId: number;
  /** How long extra units may be spent, from the moment of the decision. */
  readonly extraMilliseconds: number;
  /** Whether units of this window were or may be returned, so that a refusal may end early. */
  readonly soft: boolean;
}

export type LedgerAnswer =
  | { readonly decision: 'granted' | 'refused'; readonly generation: number; readonly claimed: readonly Claimed[] }
  /** The ledger lost its counters, and the windows of these claims may have been among them. */
  | { readonly decision: 'undecided'; readonly milliseconds: number };

/** Units that are returned. */
export interface Return {
  readonly charge: Charge;
  readonly generation: number;
  readonly id: number;
  readonly units: number;
}

/** Units that were spent while the ledger was unavailable. */
export interface Registration {
  readonly charge: Charge;
  readonly units: number;
  /** How much is left of the window in which they were spent. */
  readonly leftMilliseconds: number;
}

/**
 * What follows when Redis comes back without its counters (a restart without persistence, FLUSHALL):
 *
 * - `restart` (default): windows begin again, so that a window in which it happens may see its limit twice.
 * - `wait`: a window that may have been open counts as unknown until it must have ended. Requests that need it are
 *   decided by `whenStoreFails`, and none is admitted beyond a limit. With `closed` that means 503 for up to a whole
 *   window.
 */
export type WhenLedgerIsLost = 'wait' | 'restart';

export const WAYS_AFTER_LOSS: readonly WhenLedgerIsLost[] = ['wait', 'restart'];

/** Counts for all processes, which claim their units here. Every call is atomic, and rejects if there is no answer. */
export interface Ledger {
  /** Whether one call serves keys of one tag only, as on a Cluster. */
  readonly callsByTag: boolean;
  /** Whether a call can be sent now. */
  readonly connected: boolean;
  /**
   * Claims units. A claim that arrives so late that nobody can still be waiting is not carried out.
   *
   * @param isOver whether nobody waits for the answer any more; then the ledger is not asked (again)
   */
  claim(claims: readonly Claim[], isOver: () => boolean): Promise<LedgerAnswer>;
  giveBack(returns: readonly Return[]): Promise<void>;
  register(registrations: readonly Registration[]): Promise<void>;
  /** Renews the membership of this process and resolves to all members. */
  join(member: string, forMilliseconds: number): Promise<readonly string[]>;
  leave(member: string): Promise<void>;
  /** Adds a listener that is called each time the ledger becomes available, before any other call is made. */
  onOpened(listener: () => void): void;
  ready(): Promise<void>;
  close(): Promise<void>;
}
