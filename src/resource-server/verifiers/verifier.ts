import type { Clock } from '../../core/clock.js';
import type { LogLimiter } from '../../core/log-limiter.js';
import type { Logger } from '../../core/logger.js';
import type { Observation } from '../../core/observation/observation.js';
import type { OpaqueTokens } from '../../core/opaque-tokens/index.js';
import type { RedisClient } from '../../core/redis-client.js';
import type { TokenForm, TokenKind } from '../../core/token-form.js';
import type { UserStore } from '../../core/users.js';
import type { Verification } from '../../core/verified-token.js';
import type { TokenReader } from '../../storage/index.js';
import type { SharedBy } from '../cache/token-cache.js';

/**
 * Turns a token into a verification result. With its single method, a database, a JWT library or a remote server can be
 * a verifier. Pass your own in the option `verifiers`; it creates its tokens with `verifiedToken({ … })`.
 */
export interface TokenVerifier {
  /**
   * Looks up a token, without any cache. Concurrent requests with the same token share one call.
   *
   * @param token the token as the caller presented it; it has the form of RFC 6750 §2.1
   * @param key its SHA-256, base64url: the `key` of the verified token
   * @throws TemporarilyUnavailableError if there can be no answer now; a missing answer must never be reported as
   *   "invalid"
   */
  verify(token: string, key: string): Verification | PromiseLike<Verification>;
  /**
   * Whether this verifier is responsible for tokens of this form; must be fast and must not throw. Without it, the
   * verifier takes every token that no earlier verifier has accepted.
   */
  accepts?(form: TokenForm): boolean;
  /** Called by `oauth2.close()`. */
  close?(): unknown;
}

/** A verifier in its place in the chain. A token is offered to only one verifier: the first that accepts its form. */
export interface ChainedVerifier {
  /** Its name in messages, e.g. `jwtTokens()`. */
  readonly name: string;
  /** Whether its tokens are this application's own: from its database, or signed by its own server. */
  readonly isOwn: boolean;
  /** The forms that it may accept. */
  readonly kinds: readonly TokenKind[];
  /** The forms of which it accepts every token, so that later verifiers get none. */
  readonly exhausts: readonly TokenKind[];
  /** The issuer of the JWTs that it accepts, if they have only one; no other verifier may have the same. */
  readonly issuer?: string | undefined;
  /**
   * Identifies everything that its decisions depend on (issuer, audience, algorithms …). Processes whose chains differ
   * in it do not read each other's answers.
   */
  readonly policy: string;
  /**
   * Whether its answers are shared through Redis, if there is one. `false` if verifying is cheaper than asking Redis.
   */
  readonly isShared: boolean;
  /** Whether it is responsible for tokens of this form; fast, synchronous, and it never throws. */
  accepts(form: TokenForm): boolean;
  /**
   * Whether a token that it accepts is not good, as its form alone shows; then it is not looked up. Fast, synchronous, and
   * it never throws.
   */
  isForged?(form: TokenForm): boolean;
  /** As `TokenVerifier.verify`. */
  verify(token: string, key: string): Verification | Promise<Verification>;
  /**
   * Revokes one of its own tokens, if that is possible; the caller informs the caches. Resolves to whether this call
   * revoked it.
   */
  revoke?(token: string, key: string): Promise<boolean>;
  /** Why it cannot decide on any token now; `undefined` if it can, or if that shows only by a token. */
  downReason?(): string | undefined;
  /** Resolves when its initial data have been loaded, or could not be; never rejects. */
  ready?(): Promise<void>;
  close?(): Promise<void>;
}

/** How far the cache shares the answers of a verifier. */
export function sharingOf({ isShared }: ChainedVerifier): SharedBy {
  return isShared ? 'processes' : 'requests';
}

/** What a verifier is created with. */
export interface VerifierDependencies {
  /** Its path in the options, for messages: `verifiers[1]`. */
  readonly path: string;
  /** The time by which tokens expire: this machine's, corrected by the database's. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** For messages that could occur once per request. */
  readonly log: LogLimiter;
  readonly observation: Observation;
  /** This resource's identifier (option `resource`). */
  readonly resource: string | undefined;
  /** If there is no `resource`: an identifier that tokens of this application may name, but need not. */
  readonly impliedResource?: string | undefined;
  readonly requireAudience: boolean;
  readonly users: UserStore | undefined;
  /** As in the options. */
  readonly redis: string | RedisClient | undefined;
  readonly keyPrefix: string;
  readonly reader: TokenReader;
  /** The issuer of JWTs that this application's own authorization server issues and stores, if it does. */
  readonly jwtIssuer: string | undefined;
  /** Recognizes forged tokens; without it, each one is looked up. */
  readonly opaqueTokens?: OpaqueTokens | undefined;
}

export const VERIFIER = Symbol('verifier');

/** Creates a verifier from parts of the package; `databaseTokens()` and similar functions return such objects. */
export interface VerifierFactory {
  /** @throws ConfigurationError if an option does not fit the others */
  readonly [VERIFIER]: (dependencies: VerifierDependencies) => ChainedVerifier;
}

/** Whether an entry of `verifiers` is a factory of this package. */
export function isVerifierFactory(value: unknown): value is VerifierFactory {
  return typeof value === 'object' && value !== null && VERIFIER in value;
}
