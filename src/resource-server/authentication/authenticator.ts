import type { Context } from 'koa';
import type { ChallengeParameters } from '../../core/challenge.js';
import type { Principal } from '../../core/principal.js';
import type { VerifiedToken } from '../../core/verified-token.js';

/** Who a request acts as, as one authenticator found it. */
export interface Authentication {
  /** What the controller sees as the way of authentication, e.g. `oauth2` or `session`. */
  readonly authType: string;
  readonly principal: Principal;
  /** The host's user, if the principal is one. */
  readonly user?: unknown;
  readonly userId?: string;
  readonly token?: VerifiedToken;
}

/** Turns a request into a principal, or "nothing here" (`undefined`), or a refusal (throws an `OAuth2Error`). */
export interface Authenticator {
  /**
   * Whether the browser sends the credential by itself, as it does a cookie. What the caller sends on purpose is
   * looked at first and is never ignored: a session does not make up for a bad token.
   */
  readonly ambient?: boolean;
  /**
   * The request fields that the answer depends on, e.g. `['X-Api-Key']`: the response names them in `Vary`, so that no
   * cache gives one caller's answer to another (RFC 9110 §12.5.5).
   */
  readonly reads?: readonly string[];
  /** @throws OAuth2Error if credentials are there and are not good; rejects with the same */
  authenticate(context: Context): Authentication | undefined | Promise<Authentication | undefined>;
  /** The challenge for `WWW-Authenticate`, if this way of authentication has one (RFC 9110 §11.6.1). */
  challenge?(realm: string, parameters: ChallengeParameters): string;
  /** Whether the parsed body is needed before authentication, for this request. */
  needsBody?(context: Context): boolean;
}
