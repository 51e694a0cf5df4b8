import { AsyncLocalStorage } from 'node:async_hooks';
import { keyOfDigest, sha256 } from '../../../core/digest.js';
import type { ExchangeSource, NewAccessToken, NewRefreshToken } from '../../../storage/index.js';
import { isMissingReference } from '../../../storage/index.js';
import { errors } from '../oidc-provider.js';
import type { AdapterDependencies, Reuse } from './adapter-dependencies.js';
import type { Families } from './families.js';
import { invalidGrant } from './payloads.js';
import type { Successors } from './successor.js';

/** A code or refresh token in the request. */
export interface Presented extends Reuse {
  readonly kind: 'AuthorizationCode' | 'DeviceCode' | 'RefreshToken';
  /** In plain text, as it was presented; never stored. */
  readonly value: string;
}

/** What one request to the token endpoint consumes and issues. */
export class Exchange {
  presented: Presented | undefined;
  /** Whether the presented code or token is to be consumed. */
  spends = false;
  /** Whether the family was revoked because the presented code or token had been used before. */
  revoked = false;
  familyId: string | undefined;
  readonly accessTokens: NewAccessToken[] = [];
  refreshToken: NewRefreshToken | undefined;

  isEmpty(): boolean {
    return !this.spends && this.accessTokens.length === 0 && this.refreshToken === undefined;
  }
}

/** The part of the token endpoint's context that an exchange uses. */
export interface ExchangeContext {
  body?: unknown;
}

/**
 * Combines several steps of oidc-provider (find a code, mark it, store tokens) into one transaction. While a grant's
 * handler runs, what it consumes and issues is only collected; afterwards everything is written together. So a code can
 * be used once however many requests present it, a failed request consumes nothing, and an outage of the database
 * leaves nothing half-written.
 */
export class Exchanges {
  private readonly current = new AsyncLocalStorage<Exchange>();

  constructor(
    private readonly dependencies: AdapterDependencies,
    private readonly families: Families,
    private readonly successors: Successors,
  ) {}

  /** The exchange of the caller; `undefined` outside the token endpoint. */
  get(): Exchange | undefined {
    return this.current.getStore();
  }

  /**
   * Runs a grant's handler and writes what it collected.
   *
   * @throws InvalidGrant if the code or token was used before (then its family is revoked), or if the grant is void
   * @throws TemporarilyUnavailableError if the database cannot answer; then nothing is written
   */
  async run(context: ExchangeContext, handler: () => unknown): Promise<void> {
    const exchange = new Exchange();
    await this.current.run(exchange, async () => handler());
    if (!exchange.isEmpty()) await this.write(exchange, context);
  }

  private async write(exchange: Exchange, context: ExchangeContext): Promise<void> {
    const { presented, familyId } = exchange;
    if (familyId === undefined) throw new TypeError('An exchange issues nothing for what it spends.');
    const source = exchange.spends ? this.sourceOf(presented) : undefined;
    let refreshToken = exchange.refreshToken;
    let refreshTokenValue: string | undefined;
    if (source?.kind === 'refresh_token' && presented !== undefined && refreshToken !== undefined) {
      refreshTokenValue = this.successors.make(presented.value, source.successorSalt);
      refreshToken = { ...refreshToken, tokenHash: sha256(refreshTokenValue) };
    }

    const { accessTokens } = exchange;
    const outcome = await this.families.repository
      .exchange({ familyId, accessTokens, refreshToken }, source)
      .catch((error: unknown) => {
        throw isMissingReference(error) ? new errors.InvalidClient('client not found', undefined) : error;
      });
    switch (outcome.status) {
      case 'void':
        throw invalidGrant('the grant is revoked or has ended');
      case 'spent':
        if (presented !== undefined) await this.families.revokeReused(presented.kind, presented);
        throw invalidGrant('already used');
      case 'repeated':
        // Each response has an access token of its own, because scope, resource and DPoP key may differ between
        // attempts. It belongs to the family and is revoked with it.
        refreshTokenValue =
          presented && this.successors.recall(presented.value, outcome.successorSalt, outcome.successorHash);
        if (presented !== undefined) this.dependencies.emit('refresh.repeated', presented);
        break;
      case 'done':
        break;
    }
    if (refreshTokenValue !== undefined) Object.assign(context.body as object, { refresh_token: refreshTokenValue });
    for (const token of accessTokens) this.dependencies.forgetMiss(keyOfDigest(token.tokenHash));
  }

  private sourceOf(presented: Presented | undefined): ExchangeSource | undefined {
    if (presented === undefined) return undefined;
    const { kind, value } = presented;
    const hash = sha256(value);
    if (kind === 'AuthorizationCode') return { kind: 'authorization_code', hash };
    if (kind === 'DeviceCode') return { kind: 'device_code', hash };
    return {
      kind: 'refresh_token',
      hash,
      successorSalt: this.successors.newSalt(),
      graceMilliseconds: this.dependencies.refreshGraceSeconds * 1000,
      successorHashes: (salt) => this.successors.digests(value, salt),
    };
  }
}
