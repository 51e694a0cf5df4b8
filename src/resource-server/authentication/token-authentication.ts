import type { Context } from 'koa';
import { KnownRefusal } from '../../core/errors/known-refusal.js';
import { withoutStack } from '../../core/errors/without-stack.js';
import { InvalidTokenError, TOKEN_EXPIRED } from '../../core/errors.js';
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

/** A token that is valid, or why the request is refused. */
export type TokenDecision = ActiveVerification | KnownRefusal;

/** Authenticates requests by their access tokens, for any scheme: from the cache, or else through the verifiers. */
export class TokenAuthentication {
  private readonly refusals: Readonly<Record<'invalid' | 'expired', KnownRefusal>>;

  /** @param scheme the scheme that presents the tokens; its challenge states why one was refused */
  constructor(
    private readonly dependencies: TokenAuthenticationDependencies,
    scheme: 'Bearer' | 'DPoP',
  ) {
    const details = Object.freeze({ scheme });
    this.refusals = {
      invalid: new KnownRefusal(() => withoutStack(InvalidTokenError, undefined, details)),
      expired: new KnownRefusal(() => withoutStack(InvalidTokenError, TOKEN_EXPIRED, details)),
    };
  }

  /** The verification of a token that is valid now; otherwise why it is refused, or why its address is. */
  verified(context: Context, token: string, key: string): TokenDecision | Promise<TokenDecision> {
    const known = this.dependencies.lookUps.peek(key);
    if (known !== undefined) return known.status === 'active' ? known : this.refuse(context, known.status, key);
    const { admission, verifiers } = this.dependencies;
    const address = this.addressOf(context);
    const over = admission.overBudget(address, key);
    if (over !== undefined) return over;
    const verifier = verifiers.select(token);
    // A token that no verifier accepts needs no look-up.
    if (verifier === undefined) return this.refuse(context, 'invalid', key);
    admission.begin(address);
    return this.lookedUp(context, verifier, token, key, address);
  }

  /**
   * The refusal of a token. Failures without a look-up are counted too, so that a flood of them is limited. It is returned,
   * because throwing it would cost several times as much as all the rest.
   */
  refuse(
    context: Context,
    status: 'invalid' | 'expired' = 'invalid',
    key?: string,
  ): KnownRefusal | Promise<KnownRefusal> {
    const over = this.dependencies.admission.countFailure(this.addressOf(context), status, key);
    return after(over, (refusal) => refusal ?? this.refusals[status]);
  }

  /** Counts a failure. @throws ThrottledError if the address caused too many */
  failed(context: Context, status: 'invalid' | 'expired', key?: string): void | Promise<void> {
    return this.dependencies.admission.failed(this.addressOf(context), status, key);
  }

  private async lookedUp(
    context: Context,
    verifier: ChainedVerifier,
    token: string,
    key: string,
    address: string,
  ): Promise<TokenDecision> {
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

/** What the contract of an authenticator says: a refusal is thrown. */
export function thrown<T>(decision: T | KnownRefusal | Promise<T | KnownRefusal>): T | Promise<T> {
  return after(decision, (known) => {
    if (known instanceof KnownRefusal) throw known.again();
    return known;
  });
}

/** How a token authenticates a request. It is made for each request, which costs less than to remember it by token. */
export function authenticationOf({ token, user }: ActiveVerification): Authentication {
  return { authType: 'oauth2', principal: token.principal, token, user, userId: token.userId };
}
