import { createHmac } from 'node:crypto';
import type { Context } from 'koa';
import { LRUCache } from 'lru-cache';
import type { FailureBudget, FailureReservation } from '../../core/failure-budget.js';
import { after } from '../../core/promises.js';
import type { RandomBytes } from '../../core/token-value.js';
import { countedAddress } from '../http/request/counted-address.js';
import type { PresentedClient } from '../http/request/presented-client.js';
import type { AuthorizationServerDependencies } from '../server-dependencies.js';

/** How many are remembered, of each kind. */
const MAXIMUM_REMEMBERED = 10_000;
/** "Lately". */
const REMEMBERED_MILLISECONDS = 86_400_000;

/** A client authentication under way. */
export interface ClientAuthentication {
  /** The refusal, if its budget is spent. */
  readonly refused: FailureReservation | undefined;
  /** Ends it. `undefined`: what was presented was not judged. */
  end(outcome: 'right' | 'wrong' | undefined): void;
}

export interface ClientAuthenticationsDependencies
  extends Pick<AuthorizationServerDependencies, 'failures' | 'address'> {
  readonly random: RandomBytes;
  readonly issuerOrigin: string;
}

/**
 * The budgets of failed client authentications (RFC 6749 §2.3.1). Who fails pays: failures are counted by the address that
 * they come from; where an application has authenticated from there before, by address and application, so that neither
 * pays for the other. Nothing is counted by the application alone, which anybody can name: that is for secrets that can
 * be guessed (`ImportedSecrets`).
 *
 * - Credentials that were right lately in this process are not counted at all, until they are found wrong.
 * - Who presents no credentials has guessed none: public applications have no budget.
 * - What browsers send for pages of other origins counts apart, so that no page can spend its visitor's budget.
 *
 * Only who has authenticated is remembered, so that made-up identifiers take no memory and no counters.
 */
export class ClientAuthentications {
  private readonly key: Buffer;
  private readonly credentials = new LRUCache<string, true>(REMEMBERED);
  private readonly pairs = new LRUCache<string, true>(REMEMBERED);

  constructor(private readonly dependencies: ClientAuthenticationsDependencies) {
    this.key = dependencies.random(32);
  }

  /** Takes a place in the budget, before anything is looked up. */
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

  /** Whether an application has authenticated from the address of this request lately, as far as this process knows. */
  isKnown(outer: Context, clientId: string): boolean {
    return this.pairs.has(pairOf(this.addressOf(outer), clientId));
  }

  private addressOf(outer: Context): string {
    return countedAddress(outer, this.dependencies.address(outer), this.dependencies.issuerOrigin);
  }

  /** A digest of credentials that are the same each time; an assertion is another one each time. */
  private digest({ clientId, secret }: PresentedClient): string | undefined {
    if (secret === undefined) return undefined;
    // Under a key of the process, since a secret may be one that can be guessed.
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

/** An address has no space in it. */
function pairOf(address: string, clientId: string): string {
  return `${address} client:${clientId.slice(0, 255)}`;
}

/** Counts a failure that had no place taken for it. */
function countFailure(failures: FailureBudget, key: string): void {
  // Rejected where too many are under way: this one is no more than they are.
  void after(
    failures.reserve(key),
    (reservation) => reservation.fail(),
    () => undefined,
  );
}
