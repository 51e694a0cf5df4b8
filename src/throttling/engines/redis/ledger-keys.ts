import type { Charge } from '../../throttle-engine.js';

/** The keys of the ledger in Redis. */
export class LedgerKeys {
  /** The key whose value tells whether the counters can be trusted. */
  readonly marker: string;
  /** The set of the processes that share the ledger. */
  readonly members: string;
  private readonly prefix: string;
  private readonly hasMarker: boolean;

  /** @param hasMarker whether there is a marker; not on a Cluster */
  constructor(prefix: string, hasMarker: boolean) {
    this.marker = `${prefix}ledger`;
    this.members = `${prefix}members`;
    this.prefix = prefix;
    this.hasMarker = hasMarker;
  }

  /** Different from the keys of the engine that asks for each request, because the values differ. */
  counter({ tag, key }: Charge): string {
    return `${this.prefix}{${tag}}lease:${key}`;
  }

  /** The keys of a call, starting with the marker if there is one. */
  withMarker(counters: readonly string[]): readonly string[] {
    return this.hasMarker ? [this.marker, ...counters] : counters;
  }
}
