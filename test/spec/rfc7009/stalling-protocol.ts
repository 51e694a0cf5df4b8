/** What a stalling worker is started with; options of `createOAuth2`. */
export interface StallingSettings {
  readonly database: string;
  readonly redis?: string;
  readonly keyPrefix?: string;
  readonly cache: { readonly revocationBoundSeconds: number };
}

/** `stall`: the next load of a user stalls. `go on`: all that stall end. */
export type ToWorker = 'stall' | 'go on';

/** Where it serves, once; how many loads stall, each time one begins to. */
export type ToParent = { readonly url: string } | { readonly stalled: number };
