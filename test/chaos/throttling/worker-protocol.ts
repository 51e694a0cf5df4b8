import type { PolicyOptions, WhenLedgerIsLost, WhenStoreFails } from '../../../src/throttling/index.js';

/** What a worker is started with; JSON. */
export interface WorkerSettings {
  readonly redis: string;
  readonly keyPrefix: string;
  readonly policies: Readonly<Record<string, PolicyOptions>>;
  readonly whenStoreFails: WhenStoreFails;
  readonly whenLedgerIsLost: WhenLedgerIsLost;
  readonly deadlineMilliseconds: number;
}

export type Order =
  /** Asks for these names, at random, until it is stopped. */
  | { readonly kind: 'drive'; readonly names: readonly string[]; readonly atOnce: number }
  /** Asks once for each name. */
  | { readonly kind: 'each'; readonly names: readonly string[] }
  | { readonly kind: 'stop' | 'report' | 'close' };

export type Report =
  | { readonly kind: 'ready' | 'stopped' }
  /** It was asked for at `from` and known at `at`, by the wall clock in milliseconds: decided at some time between. */
  | { readonly kind: 'admitted'; readonly name: string; readonly from: number; readonly at: number }
  | {
      readonly kind: 'counts';
      readonly asked: number;
      readonly refused: number;
      readonly unavailable: number;
      readonly claims: number;
      readonly changes: readonly string[];
    };
