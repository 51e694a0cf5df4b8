import type { AccessOutcome, LookUpLevel, StoreName, StoreState } from './outcomes.js';

/** What became of the requests that a policy applied to. */
export interface PolicyHistory {
  readonly allowed: number;
  readonly refused: number;
  readonly undecided: number;
  /** The greatest share of its limit that one caller had used, 0 to 1. */
  readonly peak: number;
}

/** What happened in a slot of time. */
export interface HistorySlot {
  /** When it began, in milliseconds since the Unix epoch. */
  readonly startsAtMilliseconds: number;
  /** Tokens that were issued or refreshed. */
  readonly issued: number;
  readonly revoked: number;
  /** Decisions of the guards that happened at all. */
  readonly access: Readonly<Partial<Record<AccessOutcome, number>>>;
  /** Where answers about tokens came from. */
  readonly levels: Readonly<Record<LookUpLevel, number>>;
  readonly policies: Readonly<Record<string, PolicyHistory>>;
}

/** Where the counts of an overview come from; `alone`: from this process, although there is a Redis, which is away. */
export type OverviewSource = 'processes' | 'process' | 'alone';

/** What happened lately, and the present state as this process sees it. */
export interface Overview {
  readonly source: OverviewSource;
  /** Since when this process counts, in milliseconds since the Unix epoch. */
  readonly sinceMilliseconds: number;
  /** By minutes, oldest first. */
  readonly hour: readonly HistorySlot[];
  /** By quarters of an hour, oldest first. */
  readonly day: readonly HistorySlot[];
  readonly stores: readonly (readonly [StoreName, StoreState])[];
  /** Connections of the pool of the database, if it tells. */
  readonly connections: { readonly used: number; readonly free: number; readonly waiting: number } | undefined;
  readonly liveTokens: number | undefined;
  readonly cachedTokens: number;
  readonly revocationLagMilliseconds: number | undefined;
}
