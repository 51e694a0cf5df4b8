import { type Clock, CorrectedClock } from '../core/clock.js';
import type { OAuth2Options } from '../options.js';
import { activeUser } from '../resource-server/active-user.js';
import { createTokenCache } from '../resource-server/cache/index.js';
import type { TokenCache } from '../resource-server/cache/token-cache.js';
import { TokenLookUps } from '../resource-server/token-look-ups.js';
import { createVerifierChain, type VerifierChain } from '../resource-server/verifiers/chain.js';
import { databaseTokens } from '../resource-server/verifiers/database.js';
import { createTokenReader, type TokenReader } from '../storage/index.js';
import type { Basis } from './basis.js';
import type { Opened } from './opened.js';
import { resourceIdentifier } from './resource-metadata.js';
import type { Storage } from './storage.js';

/** The verifiers of tokens, and the cache of their answers. */
export interface TokenVerification {
  readonly verifiers: VerifierChain;
  readonly cache: TokenCache;
  /** Reads tokens from the database. */
  readonly reader: TokenReader;
  readonly lookUps: TokenLookUps;
  /** The time by which tokens end. */
  readonly clock: Clock;
}

/** @throws ConfigurationError if an option of a verifier or of the cache is invalid */
export function composeTokenVerification(
  options: OAuth2Options,
  { clock, logger, log, observation, keyPrefix }: Basis,
  { database, tables, identity, opaqueTokens }: Storage,
  opened: Opened,
): TokenVerification {
  const { users, resource, requireAudience, preparedStatements } = options;
  // Tokens expire by the database's clock, if it is known to be ahead of this process's.
  const tokenClock = new CorrectedClock(clock, logger);
  const reader = createTokenReader(database, tables, {
    preparedStatements,
    logger,
    heedServerTime: (nowMilliseconds) => tokenClock.heed(nowMilliseconds),
  });
  const verifiers = createVerifierChain(options.verifiers ?? [databaseTokens()], {
    clock: tokenClock,
    logger,
    log,
    observation,
    resource,
    impliedResource: resource === undefined ? resourceIdentifier(options) : undefined,
    requireAudience: requireAudience ?? true,
    users,
    redis: options.redis,
    keyPrefix,
    reader,
    jwtIssuer: options.authorizationServer?.jwtIssuer,
    opaqueTokens,
  });
  opened.add(() => verifiers.close());
  const cache = createTokenCache({
    ...options.cache,
    redis: options.redis,
    keyPrefix,
    identity,
    policy: verifiers.policy,
    tracing: observation.tracing,
    onStateChange: (state) => observation.events.tell('store.changed', () => ({ store: 'cache', state })),
    loadUser: async (userId) => activeUser(users, userId),
    clock: tokenClock,
    logger,
  });
  opened.add(() => cache.close());
  const lookUps = new TokenLookUps({ cache, observation, clock: tokenClock });
  return { verifiers, cache, lookUps, reader, clock: tokenClock };
}
