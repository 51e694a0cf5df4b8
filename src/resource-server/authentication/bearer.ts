import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import { challenge } from '../../core/challenge.js';
import { InvalidTokenError, ThrottledError, TOKEN_EXPIRED } from '../../core/errors.js';
import type { Verification } from '../../core/verified-token.js';
import type { TokenCache } from '../cache/token-cache.js';
import type { TokenVerifier } from '../verifiers/verifier.js';
import type { Authentication, Authenticator } from './authenticator.js';
import {
  authorizationField,
  type BearerTokenLocations,
  mayHoldTokenInBody,
  type PresentedToken,
  presentedToken,
} from './bearer-token.js';
import { redactQueryToken } from './query-token.js';
import { type KeyedToken, keyedToken, rememberedToken, tokenOfField } from './token-key-memo.js';

/** The answer of a budget for failed authentications: whether this address may try now. */
export interface FailureReservation {
  readonly allowed: boolean;
  readonly retryAfterSeconds: number;
  /** Gives the try back, because it did not fail. */
  release(): void;
}

/** A budget of failed authentications by address. One try is taken before any look-up and given back if it succeeds. */
export interface FailureBudget {
  reserve(address: string): FailureReservation | Promise<FailureReservation>;
}

/** What the bearer authenticator is made of. */
export interface BearerParts {
  readonly verifier: TokenVerifier;
  readonly cache: TokenCache;
  readonly failures: FailureBudget | undefined;
  readonly address: (context: Context) => string;
}

/** Reads bearer tokens (RFC 6750) and has them verified, through the cache. */
export class BearerAuthenticator implements Authenticator {
  /** Only where bodies are looked into at all. */
  readonly needsBody?: (context: Context) => boolean;
  /** Then the field alone says which token is presented. */
  private readonly onlyInHeader: boolean;

  constructor(
    private readonly parts: BearerParts,
    private readonly locations: BearerTokenLocations,
  ) {
    this.onlyInHeader = locations.body !== true && locations.query !== true;
    if (locations.body === true) this.needsBody = mayHoldTokenInBody;
  }

  challenge(realm: string, parameters: Parameters<typeof challenge>[2]): string {
    return challenge('Bearer', realm, parameters);
  }

  authenticate(context: Context): Authentication | undefined | Promise<Authentication> {
    const remembered = this.onlyInHeader ? rememberedBy(context.req) : undefined;
    if (remembered !== undefined) return this.verify(context, remembered);
    const presented = presentedToken(context, this.locations);
    if (presented === undefined) return undefined;
    if (presented.location === 'query') redactQueryToken(context);
    const keyed = keyedBy(context.req, presented);
    return keyed === undefined ? this.refuse(context) : this.verify(context, keyed);
  }

  private verify(context: Context, { token, key }: KeyedToken): Authentication | Promise<Authentication> {
    const known = this.parts.cache.peek(key);
    if (known === undefined) return this.lookUp(context, token, key);
    return known.status === 'active' ? authenticationOf(known) : this.refuse(context, known.status);
  }

  /** A failure that needs no look-up counts all the same: a storm of them is limited too. */
  private async refuse(context: Context, status: 'invalid' | 'expired' = 'invalid'): Promise<never> {
    const reservation = await this.parts.failures?.reserve(this.parts.address(context));
    if (reservation?.allowed === false) throw new ThrottledError(reservation.retryAfterSeconds);
    throw refusal(status);
  }

  private async lookUp(context: Context, token: string, key: string): Promise<Authentication> {
    const { failures, address } = this.parts;
    const reserved = failures?.reserve(address(context));
    const reservation = reserved instanceof Promise ? undefined : reserved;
    if (reservation?.allowed === false) throw new ThrottledError(reservation.retryAfterSeconds);
    if (reserved instanceof Promise) return this.lookUpMeanwhile(reserved, token, key);
    return this.conclude(await this.resolve(token, key, reservation), reservation);
  }

  /**
   * The reservation and the shared cache are asked at the same time, in one round trip; the verifier is asked only
   * once the reservation stands.
   */
  private async lookUpMeanwhile(
    reserving: Promise<FailureReservation>,
    token: string,
    key: string,
  ): Promise<Authentication> {
    const resolving = this.parts.cache.resolve(key, async () => {
      const { allowed, retryAfterSeconds } = await reserving;
      if (!allowed) throw new ThrottledError(retryAfterSeconds);
      return this.parts.verifier.verify(token, key);
    });
    resolving.catch(() => undefined);
    const reservation = await reserving;
    if (!reservation.allowed) throw new ThrottledError(reservation.retryAfterSeconds);
    return this.conclude(await this.resolve(token, key, reservation, resolving), reservation);
  }

  /** The answer of a look-up, or of a new one where it was shared with a caller who was not allowed to look. */
  private async resolve(
    token: string,
    key: string,
    reservation: FailureReservation | undefined,
    begun?: Promise<Verification>,
  ): Promise<Verification> {
    const { cache, verifier } = this.parts;
    const lookUp = () => cache.resolve(key, () => verifier.verify(token, key));
    try {
      try {
        return await (begun ?? lookUp());
      } catch (error) {
        // Another address shared this look-up and is over its budget; that is not this caller's fault.
        if (error instanceof ThrottledError) return await lookUp();
        throw error;
      }
    } catch (error) {
      // An answer that could not be had says nothing of the token.
      reservation?.release();
      throw error;
    }
  }

  private conclude(verification: Verification, reservation: FailureReservation | undefined): Authentication {
    if (verification.status !== 'active') throw refusal(verification.status);
    reservation?.release();
    return authenticationOf(verification);
  }
}

function rememberedBy(request: IncomingMessage): KeyedToken | undefined {
  const header = authorizationField(request);
  return header === undefined ? undefined : rememberedToken(request.socket, header);
}

function keyedBy({ socket, headers }: IncomingMessage, { token, location }: PresentedToken): KeyedToken | undefined {
  return location === 'header' ? tokenOfField(socket, headers.authorization as string, token) : keyedToken(token);
}

function refusal(status: 'invalid' | 'expired'): InvalidTokenError {
  return status === 'expired' ? new InvalidTokenError(TOKEN_EXPIRED) : new InvalidTokenError();
}

type ActiveVerification = Extract<Verification, { status: 'active' }>;

/** One authentication per cached verification, not per request. */
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
