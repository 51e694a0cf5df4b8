import type { OAuth2EventName } from '../core/events/event-map.js';
import { EVENT_NAMES } from '../core/events/event-map.js';
import type { Observation } from '../core/observation/observation.js';
import type { StoreName, StoreState } from '../core/observation/outcomes.js';
import type { Statistics } from '../core/observation/statistics.js';
import type { LiveTokens } from './live-tokens.js';

/** The state of the cache of tokens. */
export interface CacheState {
  readonly entries: number;
  readonly isProven: boolean;
  readonly lagMilliseconds: number | undefined;
}

/** The state of the pool of the database. */
export interface PoolState {
  readonly state: StoreState;
  readonly used: number;
  readonly free: number;
  readonly waiting: number;
}

/** Where readings come from. */
export interface ReadingsSources {
  readonly observation: Observation;
  readonly cache: () => CacheState;
  /** Whether the level of the cache that processes share can be asked; `undefined`: there is none. */
  readonly isCacheShared: () => boolean | undefined;
  /** `undefined`: the pool does not tell. */
  readonly pool: () => PoolState | undefined;
  /** `undefined`: throttles count in this process. */
  readonly throttle: () => StoreState | undefined;
  readonly liveTokens: LiveTokens;
}

/** What can be read of one configuration in this process, without waiting. */
export class Readings {
  constructor(private readonly sources: ReadingsSources) {}

  get observation(): Observation {
    return this.sources.observation;
  }

  get statistics(): Statistics {
    return this.sources.observation.statistics;
  }

  get cache(): CacheState {
    return this.sources.cache();
  }

  get pool(): PoolState | undefined {
    return this.sources.pool();
  }

  /** Access tokens that have neither expired nor been revoked, as they were last counted. */
  get liveTokens(): number | undefined {
    return this.sources.liveTokens.known;
  }

  /** The same, waiting for the first count. */
  countLiveTokens(): Promise<number | undefined> {
    return this.sources.liveTokens.counted();
  }

  /** Tokens that were revoked through this process. */
  get tokensRevoked(): number {
    return this.count('token.revoked') + this.statistics.tokensRevokedByOwner;
  }

  /** How often an event happened. */
  count(event: OAuth2EventName): number {
    return this.sources.observation.events.topics[event].count;
  }

  /** All events with how often they happened. */
  counts(): readonly (readonly [OAuth2EventName, number])[] {
    return EVENT_NAMES.map((name) => [name, this.count(name)] as const);
  }

  /** The stores that there are, with their state. */
  stores(): readonly (readonly [StoreName, StoreState])[] {
    const isConnected = this.sources.isCacheShared();
    const throttle = this.sources.throttle();
    return [
      ['database', this.pool?.state ?? 'up'],
      ...(isConnected === undefined ? [] : [['cache', isConnected ? 'up' : 'down'] as const]),
      ...(throttle === undefined ? [] : [['throttle', throttle] as const]),
    ];
  }
}
