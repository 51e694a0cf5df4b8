import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import { challenge } from '../../core/challenge.js';
import { InvalidRequestError, InvalidTokenError, TOKEN_EXPIRED } from '../../core/errors.js';
import { rememberPerConnection } from '../../core/remember-per-connection.js';
import type { ActiveVerification, Verification } from '../../core/verified-token.js';
import type { TokenCache } from '../cache/token-cache.js';
import type { VerifierChain } from '../verifiers/chain.js';
import { type ChainedVerifier, sharingOf } from '../verifiers/verifier.js';
import type { Authentication, Authenticator } from './authenticator.js';
import {
  type BearerTokenLocations,
  MORE_THAN_ONE,
  mayHoldTokenInBody,
  presentedToken,
  tokenOfField,
} from './bearer-token.js';
import { countedAddress, type LookUpAdmission } from './look-up-admission.js';
import { redactQueryToken } from './query-token.js';

/** What the bearer authenticator depends on. */
export interface BearerDependencies {
  readonly verifiers: VerifierChain;
  readonly cache: TokenCache;
  readonly admission: LookUpAdmission;
  readonly address: (context: Context) => string;
}

/** Reads bearer tokens (RFC 6750) and verifies them through the cache. */
export class BearerAuthenticator implements Authenticator {
  readonly reads = ['Authorization'];
  /** Defined only if tokens are accepted in form bodies. */
  readonly needsBody?: (context: Context) => boolean;
  /** Whether tokens are accepted only in the `Authorization` field. */
  private readonly onlyInHeader: boolean;

  constructor(
    private readonly dependencies: BearerDependencies,
    private readonly locations: BearerTokenLocations,
  ) {
    this.onlyInHeader = locations.body !== true && locations.query !== true;
    if (locations.body === true) this.needsBody = mayHoldTokenInBody;
  }

  challenge(realm: string, parameters: Parameters<typeof challenge>[2]): string {
    return challenge('Bearer', realm, parameters);
  }

  authenticate(context: Context): Authentication | undefined | Promise<Authentication> {
    const field = authorizationField(context.req);
    const inHeader = field === undefined ? undefined : rememberPerConnection(context.req.socket, field, tokenOfField);
    const presented = this.onlyInHeader ? inHeader : presentedToken(context, inHeader, this.locations);
    if (presented === undefined) return undefined;
    const { token, key, location } = presented;
    if (location === 'query') redactQueryToken(context);
    return key === undefined ? this.refuse(context) : this.verify(context, token, key);
  }

  private verify(context: Context, token: string, key: string): Authentication | Promise<Authentication> {
    const known = this.dependencies.cache.peek(key);
    if (known !== undefined) return this.judge(context, known, key);
    const verifier = this.dependencies.verifiers.select(token);
    // Nobody's token costs no look-up.
    return verifier === undefined ? this.refuse(context, 'invalid', key) : this.lookUp(context, verifier, token, key);
  }

  private judge(context: Context, known: Verification, key: string): Authentication | Promise<Authentication> {
    if (known.status !== 'active') return this.refuse(context, known.status, key);
    // A token that is bound to a key or a certificate is no bearer token (RFC 9449 §7.1, RFC 8705 §3).
    return known.token.confirmation === undefined ? authenticationOf(known) : this.refuse(context, 'invalid', key);
  }

  /** Failures that need no look-up are counted too, so that a flood of them is limited. */
  private async refuse(context: Context, status: 'invalid' | 'expired' = 'invalid', key?: string): Promise<never> {
    await this.dependencies.admission.failed(this.addressOf(context), status, key);
    throw refusal(status);
  }

  private async lookUp(
    context: Context,
    verifier: ChainedVerifier,
    token: string,
    key: string,
  ): Promise<Authentication> {
    const { cache, admission } = this.dependencies;
    const address = this.addressOf(context);
    admission.enter(address, key);
    let verification: Verification;
    try {
      verification = await cache.resolve(key, () => verifier.verify(token, key), sharingOf(verifier));
    } finally {
      admission.leave(address);
    }
    if (verification.status === 'active') admission.succeeded(key);
    return this.judge(context, verification, key);
  }

  private addressOf(context: Context): string {
    return countedAddress(context, this.dependencies.address(context));
  }
}

/**
 * The `Authorization` field. Of two fields Node keeps the first and drops the other, but another hop may have read the
 * other.
 *
 * @throws InvalidRequestError if there are two
 */
function authorizationField({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined) return undefined;
  let seen = false;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length !== 13 || (name !== 'Authorization' && name.toLowerCase() !== 'authorization')) continue;
    if (seen) throw new InvalidRequestError(MORE_THAN_ONE);
    seen = true;
  }
  return authorization;
}

function refusal(status: 'invalid' | 'expired'): InvalidTokenError {
  return status === 'expired' ? new InvalidTokenError(TOKEN_EXPIRED) : new InvalidTokenError();
}

/** One authentication object per cached verification, not per request. */
const authentications = new WeakMap<ActiveVerification, Authentication>();

function authenticationOf(verification: ActiveVerification): Authentication {
  let authentication = authentications.get(verification);
  if (authentication === undefined) {
    const { token, user } = verification;
    authentication = Object.freeze({
      authType: 'oauth2',
      principal: token.principal,
      token,
      user,
      userId: token.userId,
    });
    authentications.set(verification, authentication);
  }
  return authentication;
}
