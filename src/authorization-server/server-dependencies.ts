import type { Context, Middleware } from 'koa';
import type { BrowserSession, BrowserSessionPage } from '../core/browser-session.js';
import type { Clock } from '../core/clock.js';
import type { OAuth2Events } from '../core/events/events.js';
import type { FailureBudget } from '../core/failure-budget.js';
import type { LogLimiter } from '../core/log-limiter.js';
import type { Logger } from '../core/logger.js';
import type { Overview } from '../core/observation/overview.js';
import type { OpaqueTokens } from '../core/opaque-tokens/index.js';
import type { ScopeDescriptions } from '../core/scopes.js';
import type { TokenAdmission } from '../core/token-admission.js';
import type { RandomBytes } from '../core/token-value.js';
import type { UserStore } from '../core/users.js';
import type { VerifiedToken } from '../core/verified-token.js';
import type { ApplicationRepository, OAuth2Models, TokenRepository, TokenWriter } from '../storage/index.js';

/** The decision of a throttle on one request. */
export interface ThrottleAnswer {
  readonly allowed: boolean;
  readonly retryAfterSeconds: number;
  /** Response fields of allowed and refused requests. */
  readonly fields: Readonly<Record<string, string>>;
  /** Whether it is refused because the throttle's store is unavailable. */
  readonly unavailable: boolean;
}

/** Counts one request under a key, and decides on it. */
export type EndpointThrottle = (key: string) => ThrottleAnswer | Promise<ThrottleAnswer>;

/** Nonces of DPoP proofs (RFC 9449 §8). */
export interface DPoPNonces {
  /** The one to use from now on. */
  current(): string;
  accepts(nonce: unknown): boolean;
}

/** Whose tokens are meant. */
export interface Owner {
  readonly userId?: string;
  readonly clientId?: string;
}

/** Operations on browser sessions; `BrowserSessions` implements them. */
export interface SignedInBrowsers {
  listFor(userId: string, page: BrowserSessionPage): Promise<BrowserSession[]>;
  find(id: string): Promise<BrowserSession | undefined>;
  end(id: string): Promise<boolean>;
  endAllOf(ended: { readonly user: string; readonly except?: string | undefined }): Promise<number>;
}

/**
 * What `createOAuth2` provides to the authorization server, which knows neither the throttle nor the token cache
 * directly.
 */
export interface AuthorizationServerDependencies {
  readonly models: OAuth2Models;
  readonly applications: ApplicationRepository;
  readonly tokens: TokenRepository;
  readonly tokenWriter: TokenWriter;
  /** Makes the values of access and refresh tokens, and recognizes forged ones. */
  readonly opaqueTokens: OpaqueTokens;
  readonly users: UserStore | undefined;
  readonly scopes: ScopeDescriptions | undefined;
  /** The identifier of the resource that `createOAuth2` guards (RFC 8707). */
  readonly resource: string | undefined;
  /** Where it has no identifier: the one by which clients may name it, although tokens need not. */
  readonly impliedResource: string | undefined;
  /** Answers for the metadata of that resource, which is served wherever this server is (RFC 9728). */
  readonly resourceMetadata: Middleware | undefined;
  readonly accessTokenLifetimeSeconds: number;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logger: Logger;
  /** For lines that may occur once per request. */
  readonly log: LogLimiter;
  readonly events: OAuth2Events;
  /**
   * The certificate that the client of a request has proven to hold (RFC 8705): its DER as base64. Without the function tokens
   * cannot be bound to certificates.
   */
  readonly certificateOf?: ((context: Context) => string | undefined) | undefined;
  /** The key of the address that a request comes from. */
  address(context: Context): string;
  /** The id of a request, if the host has given it one. */
  requestId(context: Context): string | undefined;
  readonly failures: FailureBudget;
  /** Creates a separate budget of failures; `null` for no limit. */
  failureBudget(rate: string | null): FailureBudget;
  /** The nonces that the guards require; if they require none, nonces of these keys. */
  dpopNonces(keys: readonly Buffer[]): DPoPNonces;
  /** Creates the throttle of an endpoint; `null` for no limit. */
  throttle(name: string, rate: string | null): EndpointThrottle;
  /** Drops access tokens from every cache, by their cache keys. */
  invalidate(keys: readonly string[]): Promise<void>;
  /** What this process knows about an access token, synchronously; `undefined`: call `verifyToken`. */
  peekToken(token: string): VerifiedToken | undefined;
  /** The verified access token, from the cache or the database; `undefined` if a guard would refuse it. */
  verifyToken(token: string): Promise<VerifiedToken | undefined>;
  readonly tokenAdmission: TokenAdmission;
  /** Forgets that a token was unknown, since it was just issued. */
  forgetMiss(key: string): void;
  /** The sessions of browsers here. */
  readonly sessions: SignedInBrowsers;
  /** What happened lately, for staff; never rejects. */
  overview(): Promise<Overview>;
  /** Revokes all tokens of an owner, in every process. */
  revokeAllOf(owner: Owner): Promise<void>;
  /**
   * Revokes one access token, or a refresh token with its family, in every process. Resolves to whether this call did
   * it.
   */
  revokeToken(tokenHash: Buffer): Promise<boolean>;
}
