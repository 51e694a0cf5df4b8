import type { Context } from 'koa';
import { type ChallengeParameters, challenge } from '../../core/challenge.js';
import { KnownRefusal } from '../../core/errors/known-refusal.js';
import { InvalidDPoPProofError, UseDPoPNonceError } from '../../core/errors.js';
import type { ActiveVerification } from '../../core/verified-token.js';
import type { ClientCertificates } from '../client-certificates.js';
import type { ProofAnswer, ProofChecker } from '../dpop/proof.js';
import {
  type Authentication,
  type AuthenticationDecision,
  DECIDE,
  type DecidingAuthenticator,
} from './authenticator.js';
import { tokenInHeader } from './authorization-field.js';
import {
  authenticationOf,
  TokenAuthentication,
  type TokenAuthenticationDependencies,
  thrown,
} from './token-authentication.js';

/** What the DPoP authenticator depends on. */
export interface DPoPDependencies extends TokenAuthenticationDependencies {
  readonly proofs: ProofChecker;
  /** The algorithms for proofs, listed in the challenge. */
  readonly algorithms: readonly string[];
  /** Reads client certificates, since a token may also be bound to one. */
  readonly certificates: ClientCertificates | undefined;
}

/** Reads key-bound access tokens together with the proof that the caller has the key (RFC 9449 §7). */
export class DPoPAuthenticator implements DecidingAuthenticator {
  readonly reads = ['Authorization', 'DPoP'];
  private readonly tokens: TokenAuthentication;
  private readonly algs: string;

  constructor(private readonly dependencies: DPoPDependencies) {
    this.tokens = new TokenAuthentication(dependencies, 'DPoP');
    this.algs = dependencies.algorithms.join(' ');
  }

  challenge(realm: string, parameters: ChallengeParameters): string {
    return challenge('DPoP', realm, { ...parameters, algs: this.algs });
  }

  authenticate(context: Context): Authentication | undefined | Promise<Authentication | undefined> {
    return thrown(this[DECIDE](context));
  }

  [DECIDE](context: Context): AuthenticationDecision | Promise<AuthenticationDecision> {
    const presented = tokenInHeader(context.req);
    if (presented === undefined || presented.scheme !== 'DPoP') return undefined;
    return this.proven(context, presented.token, presented.key);
  }

  private async proven(
    context: Context,
    token: string,
    key: string | undefined,
  ): Promise<Authentication | KnownRefusal> {
    if (key === undefined) return this.tokens.refuse(context);
    const proof = context.req.headers.dpop;
    if (typeof proof !== 'string' || proof === '') return this.refuse(context, 'The request has no DPoP proof.');
    const verification = await this.tokens.verified(context, token, key);
    if (verification instanceof KnownRefusal) return verification;
    const jkt = this.jktOf(context, verification);
    if (jkt === undefined) return this.tokens.refuse(context, 'invalid', key);
    const { method, originalUrl: target } = context;
    const answer = await this.dependencies.proofs.check(proof, { method, target, tokenHash: key, jkt });
    return this.judged(context, verification, answer);
  }

  /**
   * The key that the token is bound to; `undefined` if the token may not be presented in this way: a bearer token, or
   * one bound to another client's certificate.
   */
  private jktOf(context: Context, { token }: ActiveVerification): string | undefined {
    const { confirmation } = token;
    if (confirmation?.x5tS256 === undefined) return confirmation?.jkt;
    return this.dependencies.certificates?.isOf(context, confirmation) === true ? confirmation.jkt : undefined;
  }

  private judged(
    context: Context,
    verification: ActiveVerification,
    answer: ProofAnswer,
  ): Authentication | Promise<never> {
    switch (answer.status) {
      case 'good':
        if (answer.nextNonce !== undefined) context.set('DPoP-Nonce', answer.nextNonce);
        return authenticationOf(verification);
      case 'nonce':
        // Not counted as a failure: a client learns the nonce only from this answer (RFC 9449 §9).
        throw new UseDPoPNonceError(answer.nextNonce);
      case 'bad':
        return this.refuse(context, `The DPoP proof is not valid: ${answer.problem}.`);
    }
  }

  /** The token itself may be valid, and is not affected. */
  private async refuse(context: Context, description: string): Promise<never> {
    await this.tokens.failed(context, 'invalid');
    throw new InvalidDPoPProofError(description);
  }
}
