import type { Clock } from '../../core/clock.js';
import type { OAuth2Events } from '../../core/events.js';
import type { LogLimiter } from '../../core/log-limiter.js';
import type { Logger } from '../../core/logger.js';
import type { RedisClient } from '../../core/redis-client.js';
import type { UserStore } from '../../core/users.js';
import type { Verification } from '../../core/verified-token.js';
import type { TokenReader } from '../../storage/index.js';
import type { SharedBy } from '../cache/token-cache.js';
import type { TokenForm, TokenKind } from './token-form.js';

/**
 * Turns a token into what is known of it. One method: a database, a JWT library and a remote server all fit. Give one of
 * your own in the option `verifiers`; it makes its tokens by `verifiedToken({ … })`.
 */
export interface TokenVerifier {
  /**
   * Looks a token up, without any cache. Those who ask for the same token at the same time share one call.
   *
   * @param token the token as the caller presented it; it has the form of RFC 6750 §2.1
   * @param key its SHA-256, base64url: the `key` of the verified token
   * @throws TemporarilyUnavailableError if the answer cannot be had now; never an "invalid" for want of an answer
   */
  verify(token: string, key: string): Verification | PromiseLike<Verification>;
  /**
   * Whether it is the verifier of tokens of this form; must be quick, and must not throw. Without it, it takes every token
   * that no verifier before it has taken.
   */
  accepts?(form: TokenForm): boolean;
  /** Called by `oauth2.close()`. */
  close?(): unknown;
}

/** A verifier in its place in the chain. A token is offered to one verifier only: the first that accepts its form. */
export interface ChainedVerifier {
  /** How it is called in messages, e.g. `jwtTokens()`. */
  readonly name: string;
  /** Whether its tokens are this application's own, of its database or signed by its own server. */
  readonly isOwn: boolean;
  /** Which forms it may accept. */
  readonly kinds: readonly TokenKind[];
  /** Of which of these it accepts every token, so that no later verifier meets one. */
  readonly exhausts: readonly TokenKind[];
  /** The issuer of the JWTs that it accepts, if it accepts those of one issuer; no other verifier may have the same. */
  readonly issuer?: string | undefined;
  /**
   * Names all by which it decides (issuer, audience, algorithms …). Processes whose chains differ in it do not read each
   * other's answers.
   */
  readonly policy: string;
  /**
   * Whether its answers are shared through Redis, if there is one. `false` where verifying costs less than asking Redis.
   */
  readonly isShared: boolean;
  /** Whether tokens of this form are its; quick, synchronous, and it never throws. */
  accepts(form: TokenForm): boolean;
  /** As `TokenVerifier.verify`. */
  verify(token: string, key: string): Verification | Promise<Verification>;
  /**
   * Revokes a token of its own kind, where that can be done; the caches are told by the caller. Resolves to whether this
   * call revoked it.
   */
  revoke?(token: string, key: string): Promise<boolean>;
  /** Resolves when what it needs at first is there, or could not be had; never rejects. */
  ready?(): Promise<void>;
  close?(): Promise<void>;
}

/** How far the cache shares the answers of a verifier. */
export function sharingOf({ isShared }: ChainedVerifier): SharedBy {
  return isShared ? 'processes' : 'requests';
}

/** What a verifier is made with. */
export interface VerifierDependencies {
  /** Where it stands among the options, for messages: `verifiers[1]`. */
  readonly path: string;
  /** The time by which tokens end: this machine's, corrected by the database's. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** For what may come once per request. */
  readonly log: LogLimiter;
  readonly events: OAuth2Events;
  /** This resource's identifier (option `resource`). */
  readonly resource: string | undefined;
  /** Where it has none: an identifier by which tokens of this application may name it, but need not. */
  readonly impliedResource?: string | undefined;
  readonly requireAudience: boolean;
  readonly users: UserStore | undefined;
  /** As in the options. */
  readonly redis: string | RedisClient | undefined;
  readonly keyPrefix: string;
  readonly reader: TokenReader;
  /** The issuer of JWTs that this application's own authorization server issues and stores, if it does. */
  readonly jwtIssuer: string | undefined;
}

export const VERIFIER = Symbol('verifier');

/** Makes a verifier out of what the package has built; `databaseTokens()` and the like give such objects. */
export interface VerifierFactory {
  /** @throws ConfigurationError if an option does not fit the others */
  readonly [VERIFIER]: (dependencies: VerifierDependencies) => ChainedVerifier;
}

/** Whether an entry of `verifiers` is one of this package's, still to be made. */
export function isVerifierFactory(value: unknown): value is VerifierFactory {
  return typeof value === 'object' && value !== null && VERIFIER in value;
}
