import type { Clock } from '../../../core/clock.js';
import type { Logger } from '../../../core/logger.js';
import type { OpaqueTokens } from '../../../core/opaque-tokens/index.js';
import type { RandomBytes } from '../../../core/token-value.js';
import type { OAuth2Models, TokenRepository } from '../../../storage/index.js';
import type { Sealer } from '../../keys/sealer.js';

/** Identifies the family that was revoked because one of its codes or refresh tokens was used again. */
export interface Reuse {
  readonly familyId: string;
  readonly clientId: string;
  readonly userId: string | undefined;
}

/** What the adapters depend on. */
export interface AdapterDependencies {
  /** Bound to their knex instance. */
  readonly models: OAuth2Models;
  readonly tokens: TokenRepository;
  readonly opaqueTokens: OpaqueTokens;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly sealer: Sealer;
  readonly logger: Logger;
  /** The audience column of an access token without an audience (RFC 8707); `undefined`: it stays empty. */
  readonly defaultAudience: string | undefined;
  /** How long a family of an application lives, however often it is refreshed. */
  refreshLifetimeSeconds(clientId: string): Promise<number>;
  /** For how long a rotated refresh token still returns the same successor; 0: not at all. */
  readonly refreshGraceSeconds: number;
  /** Drops access tokens from every cache, by their cache keys; called after the change in the database. */
  invalidate(keys: readonly string[]): Promise<void>;
  /** Forgets that a token was unknown, since it was just issued; takes its cache key. */
  forgetMiss(key: string): void;
  /** Called for each reuse: one within the grace period is `refresh.repeated`, otherwise the family was revoked. */
  emit(name: 'refresh.repeated' | 'refresh.reused' | 'code.replayed', reuse: Reuse): void;
}
