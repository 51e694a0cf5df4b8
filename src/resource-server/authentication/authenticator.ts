import type { Context } from 'koa';
import type { ChallengeParameters } from '../../core/challenge.js';
import type { KnownRefusal } from '../../core/errors/known-refusal.js';
import type { Principal } from '../../core/principal.js';
import type { VerifiedToken } from '../../core/verified-token.js';

/** The principal of a request, as an authenticator found it. */
export interface Authentication {
  /** How the request was authenticated, as controllers see it, e.g. `oauth2` or `session`. */
  readonly authType: string;
  /** Who makes the request. */
  readonly principal: Principal;
  /** The host's user, if the principal is one. */
  readonly user?: unknown;
  /** The id of the host's user; `undefined`: there is none. */
  readonly userId?: string;
  /** The token, if the request was authenticated by one. */
  readonly token?: VerifiedToken;
}

/**
 * Determines the principal of a request: `undefined` if the request has no credentials for this authenticator; throws
 * an `OAuth2Error` to refuse it.
 */
export interface Authenticator {
  /**
   * Whether browsers attach the credential automatically, like a cookie. Credentials that the caller sends deliberately
   * are checked first and never ignored: an invalid token is refused even if there is a valid session.
   */
  readonly ambient?: boolean;
  /**
   * The request fields that the response depends on, e.g. `['X-Api-Key']`: it names them in `Vary`, so that no cache
   * returns one caller's response to another (RFC 9110 §12.5.5).
   */
  readonly reads?: readonly string[];
  /**
   * How an OpenAPI document describes the credential: a security scheme object. Without it, a single field in `reads` other
   * than `Authorization` and `Cookie` is described as an API key.
   */
  readonly securityScheme?: Readonly<Record<string, unknown>>;
  /** @throws OAuth2Error (or rejects with it) if there are credentials and they are not valid */
  authenticate(context: Context): Authentication | undefined | Promise<Authentication | undefined>;
  /** The challenge for `WWW-Authenticate`, if this kind of authentication has one (RFC 9110 §11.6.1). */
  challenge?(realm: string, parameters: ChallengeParameters): string;
  /** Whether the parsed body is needed before authentication, for this request. */
  needsBody?(context: Context): boolean;
}

/** @internal What an authenticator of this package decides. */
export type AuthenticationDecision = Authentication | KnownRefusal | undefined;

/** @internal The key of `decide`. */
export const DECIDE = Symbol('routing-controllers-oauth2, decide');

/** @internal An authenticator of this package: the guard asks it in a way that throws nothing that happens often. */
export interface DecidingAuthenticator extends Authenticator {
  /** The same as `authenticate`, but a refusal that says the same to everybody is returned. */
  [DECIDE](context: Context): AuthenticationDecision | Promise<AuthenticationDecision>;
}

/** @internal Whether nothing stands in front of `decide`, such as an `authenticate` that checks more. */
export function isDeciding(authenticator: Authenticator): authenticator is DecidingAuthenticator {
  return Object.hasOwn(Object.getPrototypeOf(authenticator), DECIDE) && !Object.hasOwn(authenticator, 'authenticate');
}
