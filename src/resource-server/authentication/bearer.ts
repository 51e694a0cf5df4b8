import type { Context } from 'koa';
import { type ChallengeParameters, challenge } from '../../core/challenge.js';
import { KnownRefusal } from '../../core/errors/known-refusal.js';
import { InvalidRequestError } from '../../core/errors.js';
import type { ClientCertificates } from '../client-certificates.js';
import {
  type Authentication,
  type AuthenticationDecision,
  DECIDE,
  type DecidingAuthenticator,
} from './authenticator.js';
import { tokenInHeader } from './authorization-field.js';
import {
  type BearerTokenLocations,
  MORE_THAN_ONE,
  mayHoldTokenInBody,
  type PresentedToken,
  presentedToken,
} from './bearer-token.js';
import { redactQueryToken } from './query-token.js';
import {
  authenticationOf,
  TokenAuthentication,
  type TokenAuthenticationDependencies,
  type TokenDecision,
  thrown,
} from './token-authentication.js';

/** What the bearer authenticator depends on. */
export interface BearerDependencies extends TokenAuthenticationDependencies {
  /** Reads client certificates, if tokens may be bound to them (RFC 8705). */
  readonly certificates: ClientCertificates | undefined;
}

/** Reads bearer tokens (RFC 6750) and verifies them through the cache. */
export class BearerAuthenticator implements DecidingAuthenticator {
  readonly reads = ['Authorization'];
  /** Defined only if tokens are accepted in form bodies. */
  readonly needsBody?: (context: Context) => boolean;
  private readonly tokens: TokenAuthentication;
  private readonly certificates: ClientCertificates | undefined;
  /** Whether tokens are accepted only in the `Authorization` field. */
  private readonly onlyInHeader: boolean;

  constructor(
    dependencies: BearerDependencies,
    private readonly locations: BearerTokenLocations,
  ) {
    this.tokens = new TokenAuthentication(dependencies, 'Bearer');
    this.certificates = dependencies.certificates;
    this.onlyInHeader = locations.body !== true && locations.query !== true;
    if (locations.body === true) this.needsBody = mayHoldTokenInBody;
  }

  challenge(realm: string, parameters: ChallengeParameters): string {
    return challenge('Bearer', realm, parameters);
  }

  authenticate(context: Context): Authentication | undefined | Promise<Authentication | undefined> {
    return thrown(this[DECIDE](context));
  }

  [DECIDE](context: Context): AuthenticationDecision | Promise<AuthenticationDecision> {
    const presented = this.presented(context);
    if (presented === undefined) return undefined;
    const { token, key, location } = presented;
    if (location === 'query') redactQueryToken(context);
    if (key === undefined) return this.tokens.refuse(context);
    const verified = this.tokens.verified(context, token, key);
    return verified instanceof Promise
      ? verified.then((known) => this.admit(context, known))
      : this.admit(context, verified);
  }

  private presented(context: Context): PresentedToken | undefined {
    const inHeader = tokenInHeader(context.req);
    const bearer = inHeader?.scheme === 'DPoP' ? undefined : inHeader;
    if (this.onlyInHeader) return bearer;
    const presented = presentedToken(context, bearer, this.locations);
    if (presented !== undefined && presented !== inHeader && inHeader !== undefined) {
      throw new InvalidRequestError(MORE_THAN_ONE, { scheme: 'Bearer' });
    }
    return presented;
  }

  private admit(context: Context, verification: TokenDecision): Authentication | KnownRefusal | Promise<KnownRefusal> {
    if (verification instanceof KnownRefusal) return verification;
    const { key, confirmation } = verification.token;
    if (confirmation === undefined) return authenticationOf(verification);
    // A key-bound token is not a bearer token (RFC 9449 §7.2); a certificate-bound one requires the client's
    // certificate (RFC 8705 §3).
    const isProven = confirmation.jkt === undefined && this.certificates?.isOf(context, confirmation) === true;
    return isProven ? authenticationOf(verification) : this.tokens.refuse(context, 'invalid', key);
  }
}
