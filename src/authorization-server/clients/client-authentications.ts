import { createHmac } from 'node:crypto';
import type { Context } from 'koa';
import { LRUCache } from 'lru-cache';
import type { FailureBudget, FailureReservation } from '../../core/failure-budget.js';
import { after } from '../../core/promises.js';
import type { RandomBytes } from '../../core/token-value.js';
import { countedAddress } from '../http/request/counted-address.js';
import type { PresentedClient } from '../http/request/presented-client.js';
import type { AuthorizationServerDependencies } from '../server-dependencies.js';

/** The size of each of the two memories. */
const MAXIMUM_REMEMBERED = 10_000;
/** How long an authentication counts as recent. */
const REMEMBERED_MILLISECONDS = 86_400_000;

/** A client authentication in progress. */
export interface ClientAuthentication {
  /** The refusal, if its budget is exhausted. */
  readonly refused: FailureReservation | undefined;
  /** Ends it. `undefined`: the credentials were not checked. */
  end(outcome: 'right' | 'wrong' | undefined): void;
}

export interface ClientAuthenticationsDependencies
  extends Pick<AuthorizationServerDependencies, 'failures' | 'address'> {
  readonly random: RandomBytes;
  readonly issuerOrigin: string;
}

/**
 * The budgets of failed client authentications (RFC 6749 §2.3.1). Failures are counted by the address from which they
 * come. If an application has authenticated from there before, its failures are counted by address and application, so
 * that neither uses up the budget of the other. Nothing is counted by the application alone, which anybody can name,
 * except for secrets that can be guessed (`isSecretOf`).
 *
 * - Credentials that were valid recently in this process are not counted, until they are found invalid.
 * - A request without credentials guesses none: public applications have no budget.
 * - Requests that browsers send for pages of other origins are counted separately, so that no page can use up its
 *   visitor's budget.
 *
 * Only applications that have authenticated are remembered, so that made-up identifiers need neither memory nor
 * counters.
 */
export class ClientAuthentications {
  private readonly key: Buffer;
  private readonly credentials = new LRUCache<string, true>(REMEMBERED);
  private readonly pairs = new LRUCache<string, true>(REMEMBERED);

  constructor(private readonly dependencies: ClientAuthenticationsDependencies) {
    this.key = dependencies.random(32);
  }

  /** Reserves an attempt in the budget, before anything is looked up. */
  begin(outer: Context, client: PresentedClient | undefined): ClientAuthentication | Promise<ClientAuthentication> {
    if (client === undefined) return UNCOUNTED;
    const address = this.addressOf(outer);
    const digest = this.digest(client);
    if (digest !== undefined && this.credentials.has(digest)) return this.uncounted(address, digest);
    const pair = pairOf(address, client.clientId);
    const reserved = this.dependencies.failures.reserve(this.pairs.has(pair) ? pair : address);
    const counted = (reservation: FailureReservation) => this.counted(reservation, pair, digest);
    return after(reserved, counted);
  }

  /**
   * Whether an application has recently authenticated from the address of this request, as far as this process knows.
   */
  isKnown(outer: Context, clientId: string): boolean {
    return this.pairs.has(pairOf(this.addressOf(outer), clientId));
  }

  private addressOf(outer: Context): string {
    return countedAddress(outer, this.dependencies.address(outer), this.dependencies.issuerOrigin);
  }

  /** A digest of credentials that do not change; assertions differ each time. */
  private digest({ clientId, secret }: PresentedClient): string | undefined {
    if (secret === undefined) return undefined;
    // Keyed with a random key of the process, since a secret may be guessable.
    return createHmac('sha256', this.key)
      .update(JSON.stringify([clientId, secret]))
      .digest('base64url');
  }

  private uncounted(address: string, digest: string): ClientAuthentication {
    const { failures } = this.dependencies;
    return {
      refused: undefined,
      end: (outcome) => {
        if (outcome !== 'wrong') return;
        this.credentials.delete(digest);
        countFailure(failures, address);
      },
    };
  }

  private counted(reservation: FailureReservation, pair: string, digest: string | undefined): ClientAuthentication {
    return {
      refused: reservation.allowed ? undefined : reservation,
      end: (outcome) => {
        if (outcome === 'wrong') return reservation.fail();
        reservation.release();
        if (outcome === undefined) return;
        this.pairs.set(pair, true);
        if (digest !== undefined) this.credentials.set(digest, true);
      },
    };
  }
}

const REMEMBERED = { max: MAXIMUM_REMEMBERED, ttl: REMEMBERED_MILLISECONDS, ttlResolution: 1000 } as const;

const UNCOUNTED: ClientAuthentication = Object.freeze({ refused: undefined, end() {} });

/** An address contains no space. */
function pairOf(address: string, clientId: string): string {
  return `${address} client:${clientId.slice(0, 255)}`;
}

/** Counts a failure for which no attempt was reserved. */
function countFailure(failures: FailureBudget, key: string): void {
  // Rejects if too many attempts are in progress; then this failure need not be counted as well.
  void after(
    failures.reserve(key),
    (reservation) => reservation.fail(),
    () => undefined,
  );
}
