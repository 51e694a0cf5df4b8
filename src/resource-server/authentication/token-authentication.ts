import type { Context } from 'koa';
import { withoutStack } from '../../core/errors/without-stack.js';
import { InvalidTokenError, type OAuth2ErrorDetails, TOKEN_EXPIRED } from '../../core/errors.js';
import { after } from '../../core/promises.js';
import type { ActiveVerification, Verification } from '../../core/verified-token.js';
import type { TokenLookUps } from '../token-look-ups.js';
import type { VerifierChain } from '../verifiers/chain.js';
import type { ChainedVerifier } from '../verifiers/verifier.js';
import type { Authentication } from './authenticator.js';
import { countedAddress, type LookUpAdmission } from './look-up-admission.js';

/** What authentication by access tokens depends on. */
export interface TokenAuthenticationDependencies {
  readonly verifiers: VerifierChain;
  readonly lookUps: TokenLookUps;
  readonly admission: LookUpAdmission;
  readonly address: (context: Context) => string;
}

/** Authenticates requests by their access tokens, for any scheme: from the cache, or else through the verifiers. */
export class TokenAuthentication {
  private readonly refusalDetails: OAuth2ErrorDetails;

  /** @param scheme the scheme that presents the tokens; its challenge states why one was refused */
  constructor(
    private readonly dependencies: TokenAuthenticationDependencies,
    scheme: 'Bearer' | 'DPoP',
  ) {
    this.refusalDetails = Object.freeze({ scheme });
  }

  /**
   * The verification of a token that is valid now.
   *
   * @throws InvalidTokenError (or rejects with one) if it is not; ThrottledError if its address caused too many
   *   failures
   */
  verified(context: Context, token: string, key: string): ActiveVerification | Promise<ActiveVerification> {
    const known = this.dependencies.lookUps.peek(key);
    if (known !== undefined) return known.status === 'active' ? known : this.refuse(context, known.status, key);
    const verifier = this.dependencies.verifiers.select(token);
    // A token that no verifier accepts needs no look-up.
    return verifier === undefined ? this.refuse(context, 'invalid', key) : this.lookUp(context, verifier, token, key);
  }

  /** Refuses a token. Failures without a look-up are counted too, so that a flood of them is limited. */
  refuse(context: Context, status: 'invalid' | 'expired' = 'invalid', key?: string): never | Promise<never> {
    return after<void, never>(this.failed(context, status, key), () => {
      throw withoutStack(InvalidTokenError, status === 'expired' ? TOKEN_EXPIRED : undefined, this.refusalDetails);
    });
  }

  /** Counts a failure. @throws ThrottledError if the address caused too many */
  failed(context: Context, status: 'invalid' | 'expired', key?: string): void | Promise<void> {
    return this.dependencies.admission.failed(this.addressOf(context), status, key);
  }

  /** Begins a look-up. It is refused without a promise: whoever is over the budget may ask very often. */
  private lookUp(context: Context, verifier: ChainedVerifier, token: string, key: string): Promise<ActiveVerification> {
    const address = this.addressOf(context);
    this.dependencies.admission.enter(address, key);
    return this.lookedUp(context, verifier, token, key, address);
  }

  private async lookedUp(
    context: Context,
    verifier: ChainedVerifier,
    token: string,
    key: string,
    address: string,
  ): Promise<ActiveVerification> {
    const { lookUps, admission } = this.dependencies;
    let verification: Verification;
    try {
      verification = await lookUps.resolve(verifier, token, key);
    } finally {
      admission.leave(address);
    }
    if (verification.status !== 'active') return this.refuse(context, verification.status, key);
    admission.succeeded(key);
    return verification;
  }

  private addressOf(context: Context): string {
    return countedAddress(context, this.dependencies.address(context));
  }
}

/** How a token authenticates a request. It is made for each request, which costs less than to remember it by token. */
export function authenticationOf({ token, user }: ActiveVerification): Authentication {
  return { authType: 'oauth2', principal: token.principal, token, user, userId: token.userId };
}
