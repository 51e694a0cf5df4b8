import type { Transaction } from 'objection';
import { type Clock, systemClock } from '../../core/clock.js';
import { sha256 } from '../../core/digest.js';
import { coveredByRevocation } from '../covered-by-revocation.js';
import { dialectOf } from '../database.js';
import { orUnavailable, retryContention } from '../database-errors.js';
import { requireDigest, requireUserId } from '../ids.js';
import type { AccessToken } from '../models/access-token.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import type { RefreshToken } from '../models/refresh-token.js';
import { isReadable } from '../readable-rows.js';
import { firstOfClient, type OfClient } from './of-client.js';
import { GRANT_KIND } from './server-record-repository.js';
import type { NewAccessToken, TokenRepository } from './token-repository.js';

/** What a refresh token is stored with. */
export interface NewRefreshToken extends Omit<NewAccessToken, 'familyId'> {
  /** When the whole family ends, in milliseconds since the Unix epoch. */
  readonly familyExpiresAtMilliseconds: number;
}

/** What one exchange issues: access tokens, and a refresh token with the first of them. */
export interface NewTokens {
  readonly familyId: string;
  readonly accessTokens: readonly NewAccessToken[];
  readonly refreshToken?: NewRefreshToken;
}

/** What tokens are issued for: a code, or a refresh token that is rotated. Each can be used once. */
export type ExchangeSource =
  | { readonly kind: 'authorization_code' | 'device_code'; readonly hash: Buffer }
  | {
      readonly kind: 'refresh_token';
      readonly hash: Buffer;
      /** The salt of the successor's value; stored, so that the value can be derived again. */
      readonly successorSalt: string;
      /** How long after the rotation the same token returns the same successor; 0: never. */
      readonly graceMilliseconds: number;
      /** The digests that a successor made with a salt may have (one for each key). */
      successorHashes(salt: string): readonly Buffer[];
    };

/**
 * How an exchange ended. `done`: all is stored. `repeated`: the refresh token was rotated just before; access tokens
 * are stored, the refresh token is not: its successor is the one with this salt. `spent`: it was used before.
 * `void`: its grant is revoked or has ended, or it is not there. After the last two, nothing is stored.
 */
export type ExchangeOutcome =
  | { readonly status: 'done' | 'spent' | 'void' }
  | { readonly status: 'repeated'; readonly successorSalt: string; readonly successorHash: Buffer };

/** Rolls back the transaction. */
class Abandoned extends Error {
  constructor(readonly outcome: ExchangeOutcome) {
    super('The exchange was abandoned.');
  }
}

/**
 * Families of tokens: the tokens of one authorization (a grant), and their successors. Every method rejects with
 * `TemporarilyUnavailableError` if the database cannot answer; then nothing is stored.
 *
 * Locks are taken in one order everywhere, also by `TokenRepository.revokeFamily` and `revokeAllOf`: the grant, the
 * code or refresh token, access tokens. So all operations on one family are serialized.
 */
export class FamilyRepository {
  private readonly clock: Clock;
  private readonly covered: string;

  constructor(
    private readonly models: OAuth2Models,
    private readonly tokens: TokenRepository,
    options: { readonly clock?: Clock } = {},
  ) {
    this.clock = options.clock ?? systemClock;
    const quote = dialectOf(models.AccessToken.knex()) === 'postgres' ? '"' : '`';
    this.covered = coveredByRevocation(quote, models.AccessToken.tableName);
  }

  /**
   * The access token with this digest, with its client, in one statement; whatever its state, unless a revocation of many
   * tokens covers it.
   */
  findAccessToken(tokenHash: Buffer): Promise<OfClient<AccessToken> | undefined> {
    requireDigest(tokenHash);
    return orUnavailable(() =>
      firstOfClient(
        this.models.AccessToken.query().where('token_hash', tokenHash).whereRaw(`NOT ${this.covered}`),
        this.models,
      ),
    );
  }

  /** The refresh token with this digest, whatever its state, with its client, in one statement. */
  findRefreshToken(tokenHash: Buffer): Promise<OfClient<RefreshToken> | undefined> {
    requireDigest(tokenHash);
    return orUnavailable(() =>
      firstOfClient(this.models.RefreshToken.query().where('token_hash', tokenHash), this.models),
    );
  }

  /**
   * Consumes a source and stores the tokens issued for it, all or nothing; without a source it only stores. Of any
   * number of calls for one source, exactly one is `done`.
   */
  exchange(tokens: NewTokens, source?: ExchangeSource): Promise<ExchangeOutcome> {
    return retryContention(async () => {
      try {
        return await this.models.AccessToken.transaction((transaction) => this.run(tokens, source, transaction));
      } catch (error) {
        if (error instanceof Abandoned) return error.outcome;
        throw error;
      }
    });
  }

  private async run(
    tokens: NewTokens,
    source: ExchangeSource | undefined,
    transaction: Transaction,
  ): Promise<ExchangeOutcome> {
    await this.holdGrant(tokens.familyId, transaction);
    // Read after the lock was acquired: changes made before it have an earlier time.
    const now = this.clock.nowMilliseconds();
    let outcome: ExchangeOutcome = { status: 'done' };
    if (source?.kind === 'refresh_token') outcome = await this.rotate(source, now, transaction);
    else if (source !== undefined) await this.spend(source, now, transaction);

    const [first] = await this.insertAccessTokens(tokens, transaction);
    if (tokens.refreshToken !== undefined && outcome.status === 'done') {
      await this.insertRefreshToken(tokens.familyId, tokens.refreshToken, first, transaction);
    }
    return outcome;
  }

  /** Takes the lock of the family by a write, so that it works on SQLite too. */
  private async holdGrant(familyId: string, transaction: Transaction): Promise<void> {
    const now = this.clock.nowMilliseconds();
    const held = await this.models.ServerRecord.query(transaction)
      .where('kind', GRANT_KIND)
      .where('record_hash', sha256(familyId))
      .whereNull('revoked_at_ms')
      .where('expires_at_ms', '>', now)
      .patch({ updatedAtMilliseconds: now });
    if (held !== 1) throw new Abandoned({ status: 'void' });
  }

  private async spend(
    source: { readonly kind: 'authorization_code' | 'device_code'; readonly hash: Buffer },
    now: number,
    transaction: Transaction,
  ): Promise<void> {
    const { AuthorizationCode, DeviceCode } = this.models;
    requireDigest(source.hash, 'hash');
    const query =
      source.kind === 'authorization_code'
        ? AuthorizationCode.query(transaction).where('code_hash', source.hash)
        : DeviceCode.query(transaction).where('device_code_hash', source.hash);
    const spent = await query
      .whereNull('consumed_at_ms')
      .where('expires_at_ms', '>', now)
      .patch({ consumedAtMilliseconds: now });
    if (spent !== 1) throw new Abandoned({ status: 'spent' });
  }

  private async rotate(
    source: Extract<ExchangeSource, { kind: 'refresh_token' }>,
    now: number,
    transaction: Transaction,
  ): Promise<ExchangeOutcome> {
    const { RefreshToken } = this.models;
    const rotated = await RefreshToken.query(transaction)
      .where('token_hash', requireDigest(source.hash))
      .whereNull('rotated_at_ms')
      .whereNull('revoked_at_ms')
      .where('expires_at_ms', '>', now)
      .where('family_expires_at_ms', '>', now)
      .patch({ rotatedAtMilliseconds: now, successorSalt: source.successorSalt });
    if (rotated === 1) return { status: 'done' };

    // Reads with a lock see the committed state, not that of the start of the transaction (InnoDB).
    const stored = await RefreshToken.query(transaction).where('token_hash', source.hash).forUpdate().first();
    if (stored === undefined || stored.isRevoked() || !isReadable(stored)) throw new Abandoned({ status: 'void' });
    const { rotatedAtMilliseconds, successorSalt } = stored;
    if (rotatedAtMilliseconds === null || successorSalt === null) throw new Abandoned({ status: 'void' });
    const { graceMilliseconds } = source;
    // Zero means no grace period, whatever the clocks of two processes say.
    if (graceMilliseconds === 0 || now >= rotatedAtMilliseconds + graceMilliseconds)
      throw new Abandoned({ status: 'spent' });
    const successor = await RefreshToken.query(transaction)
      .whereIn('token_hash', [...source.successorHashes(successorSalt)])
      .forUpdate()
      .first();
    // A deliberately revoked token gets no grace. If its successor was used, the successor was not lost, so this is
    // another caller.
    if (successor === undefined || successor.isRevoked()) throw new Abandoned({ status: 'void' });
    if (successor.rotatedAtMilliseconds !== null) throw new Abandoned({ status: 'spent' });
    return { status: 'repeated', successorSalt, successorHash: successor.tokenHash };
  }

  private async insertAccessTokens(tokens: NewTokens, transaction: Transaction): Promise<AccessToken[]> {
    const stored: AccessToken[] = [];
    for (const token of tokens.accessTokens) {
      stored.push(await this.tokens.insertAccessToken({ ...token, familyId: tokens.familyId }, transaction));
    }
    return stored;
  }

  private async insertRefreshToken(
    familyId: string,
    token: NewRefreshToken,
    accessToken: AccessToken | undefined,
    transaction: Transaction,
  ): Promise<void> {
    const { extra, audience, ...columns } = token;
    await this.models.RefreshToken.query(transaction).insert({
      ...extra,
      applicationId: null,
      payload: null,
      ...columns,
      tokenHash: requireDigest(token.tokenHash),
      userId: token.userId === undefined || token.userId === null ? null : requireUserId(token.userId),
      audience: audience === undefined || audience === null ? null : JSON.stringify(audience),
      familyId,
      accessTokenId: accessToken?.id ?? null,
      rotatedAtMilliseconds: null,
      successorSalt: null,
      revokedAtMilliseconds: null,
    });
  }
}
