import { LRUCache } from 'lru-cache';
import { charactersOf } from '../../core/claims.js';
import type { Clock } from '../../core/clock.js';
import {
  type ActiveVerification,
  EXPIRED,
  ownClientIdOf,
  type Verification,
  type VerifiedToken,
} from '../../core/verified-token.js';
import type { LocalSettings } from './cache-options.js';
import { KeyIndex } from './key-index.js';
import type { Invalidation } from './token-cache.js';

/**
 * A moment by both clocks. The monotonic clock decides; the wall clock is checked as well because a monotonic clock may
 * stand still while the machine is suspended.
 */
export interface Moment {
  readonly monotonicMilliseconds: number;
  readonly wallMilliseconds: number;
}

interface Held {
  readonly verification: ActiveVerification;
  readonly sinceMonotonic: number;
  readonly endsMonotonic: number;
  readonly endsWall: number;
  /** When the token itself expires, by the wall clock. */
  readonly tokenEndsWall: number;
}

interface Refusal {
  readonly verification: Verification;
  readonly sinceMonotonic: number;
  readonly endsMonotonic: number;
}

/**
 * The entries of one process: verified tokens and, separately, refusals. Both are bounded; the least recently used
 * entries go first.
 */
export class HeldTokens {
  private readonly verified: LRUCache<string, Held>;
  private readonly refused: LRUCache<string, Refusal>;
  private readonly users = new KeyIndex();
  private readonly applications = new KeyIndex();
  private readonly negativeMilliseconds: number;
  private readonly clock: Clock;

  constructor(settings: LocalSettings) {
    const dispose = (held: Held, key: string) => this.unlist(held.verification.token, key);
    const byCount = settings.maxEntries > 0 ? { max: settings.maxEntries } : {};
    const byBytes = settings.maxBytes > 0 ? { maxSize: settings.maxBytes, sizeCalculation: estimatedBytes } : {};
    this.verified = new LRUCache({ ...byCount, ...byBytes, dispose } as LRUCache.Options<string, Held, unknown>);
    this.refused = new LRUCache({ max: settings.negativeMaxEntries });
    this.negativeMilliseconds = settings.negativeMilliseconds;
    this.clock = settings.clock;
  }

  /** How many verified tokens there are. */
  get size(): number {
    return this.verified.size;
  }

  /** The entry that may be used now, verified or refused. Bound to its object. */
  readonly peek = (key: string): Verification | undefined => {
    const monotonic = this.clock.monotonicMilliseconds();
    return this.good(key, monotonic, this.clock.nowMilliseconds()) ?? this.refusal(key, monotonic);
  };

  /** A verified token that is still fresh; `expired` if it has expired meanwhile. */
  good(key: string, monotonicMilliseconds: number, wallMilliseconds: number): Verification | undefined {
    const held = this.verified.get(key);
    if (held === undefined) return undefined;
    if (monotonicMilliseconds >= held.endsMonotonic || wallMilliseconds >= held.endsWall) return undefined;
    return wallMilliseconds >= held.tokenEndsWall ? EXPIRED : held.verification;
  }

  /** A refusal that is still remembered. */
  refusal(key: string, monotonicMilliseconds: number): Verification | undefined {
    const refusal = this.refused.get(key);
    return refusal !== undefined && monotonicMilliseconds < refusal.endsMonotonic ? refusal.verification : undefined;
  }

  /**
   * Keeps an answer for at most `maxAgeMilliseconds` from `since`, when its look-up began. An answer never replaces one
   * whose look-up began later.
   */
  keep(key: string, verification: Verification, since: Moment, maxAgeMilliseconds: number): void {
    const newest = Math.max(
      this.verified.peek(key)?.sinceMonotonic ?? Number.NEGATIVE_INFINITY,
      this.refused.peek(key)?.sinceMonotonic ?? Number.NEGATIVE_INFINITY,
    );
    if (since.monotonicMilliseconds < newest) return;
    if (verification.status !== 'active') {
      this.refuse(key, verification, since);
      return;
    }
    this.refused.delete(key);
    const held = {
      verification,
      sinceMonotonic: since.monotonicMilliseconds,
      endsMonotonic: since.monotonicMilliseconds + maxAgeMilliseconds,
      endsWall: since.wallMilliseconds + maxAgeMilliseconds,
      tokenEndsWall: verification.token.expiresAtMilliseconds,
    };
    this.verified.set(key, held);
    // An entry larger than the whole budget is not kept, and must not be indexed either.
    if (this.verified.peek(key) !== held) return;
    this.users.add(verification.token.userId, key);
    this.applications.add(ownClientIdOf(verification.token), key);
  }

  private refuse(key: string, verification: Verification, since: Moment): void {
    this.verified.delete(key);
    if (this.negativeMilliseconds === 0) return;
    this.refused.set(key, {
      verification,
      sinceMonotonic: since.monotonicMilliseconds,
      endsMonotonic: since.monotonicMilliseconds + this.negativeMilliseconds,
    });
  }

  drop(invalidation: Invalidation): void {
    // A refusal does not contain whose token it was, and the user or application may be valid again.
    if (invalidation.kind !== 'token') this.refused.clear();
    switch (invalidation.kind) {
      case 'token':
        this.dropKey(invalidation.key);
        break;
      case 'user':
        for (const key of this.users.keysOf(invalidation.userId)) this.verified.delete(key);
        break;
      case 'application':
        for (const key of this.applications.keysOf(invalidation.clientId)) this.verified.delete(key);
        break;
      case 'everything':
        this.clear();
    }
  }

  dropKey(key: string): void {
    this.verified.delete(key);
    this.refused.delete(key);
  }

  forgetRefusal(key: string): void {
    this.refused.delete(key);
  }

  clear(): void {
    this.verified.clear();
    this.refused.clear();
    this.users.clear();
    this.applications.clear();
  }

  private unlist(token: VerifiedToken, key: string): void {
    this.users.remove(token.userId, key);
    this.applications.remove(ownClientIdOf(token), key);
  }
}

/** The estimated size of objects, indexes and an average user; the rest depends on the strings. */
const FIXED_BYTES = 800;

function estimatedBytes(held: Held, key: string): number {
  const { token } = held.verification;
  let characters = key.length + (token.userId?.length ?? 0) + (token.clientId?.length ?? 0);
  characters += (token.issuer?.length ?? 0) + (token.subject?.length ?? 0) + charactersOf(token.claims);
  for (const scope of token.scopes) characters += scope.length + 16;
  for (const audience of token.audience ?? []) characters += audience.length + 16;
  return FIXED_BYTES + 2 * characters;
}
