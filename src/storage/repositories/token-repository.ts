import type { Transaction } from 'objection';
import { type Clock, systemClock } from '../../core/clock.js';
import { keyOfDigest, sha256 } from '../../core/digest.js';
import { AS_CONDITION, coveredByRevocation } from '../covered-by-revocation.js';
import { dialectOf } from '../database.js';
import { orUnavailable, retryContention } from '../database-errors.js';
import { requireDigest, requireUserId } from '../ids.js';
import type { AccessToken } from '../models/access-token.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import type { RefreshToken } from '../models/refresh-token.js';
import { readablePage } from '../readable-rows.js';
import { isExactly } from './exact-text.js';
import { type ClearExpiredOptions, type ClearExpiredResult, clearExpired } from './expired-rows.js';
import { checkedPage, type Page } from './page.js';
import { REVOCATION_BATCH_SIZE, Revocations } from './revocations.js';
import { GRANT_KIND } from './server-record-repository.js';
import { isLive, type TokenOwner, whereOwner } from './token-owner.js';

/** What an access token is stored with. */
export interface NewAccessToken {
  /** SHA-256 of the token, 32 bytes. */
  readonly tokenHash: Buffer;
  /** The row id of the application. */
  readonly applicationId?: number | null;
  readonly userId?: string | null;
  /** Scopes, separated by spaces. */
  readonly scope: string;
  /** Its audience (RFC 8707). */
  readonly audience?: readonly string[] | null;
  readonly familyId?: string | null;
  readonly createdAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
  /** JSON of the authorization server. */
  readonly payload?: string | null;
  /** Properties of columns that the host added. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** What `revokeAllOf` did. */
export interface RevokedTokens {
  /** How many live access and refresh tokens this call revoked; a lower bound if there are very many. */
  readonly count: number;
  /**
   * Resolves when the row of each token has been changed too; never rejects. With many tokens the revocation is in
   * force before that; `clearExpired` completes what is left.
   */
  readonly finished: Promise<void>;
}

/** Which browser sessions end: one, by the SHA-256 of its second identifier, or all of a user but one. */
export type EndingSessions =
  | { readonly sessionUidHash: Buffer }
  | { readonly userId: string; readonly exceptUidHash?: Buffer | undefined };

/** How many families are revoked in one transaction. */
const FAMILIES_AT_ONCE = 200;

/**
 * Operations on stored tokens that are safe under races. Every method rejects with `TemporarilyUnavailableError` if the
 * database cannot answer. It does not invalidate caches: it returns their keys.
 */
export class TokenRepository {
  private readonly clock: Clock;
  private readonly revocations: Revocations;

  constructor(
    private readonly models: OAuth2Models,
    options: { readonly clock?: Clock } = {},
  ) {
    this.clock = options.clock ?? systemClock;
    this.revocations = new Revocations(models, this.clock);
  }

  /** Stores an access token. */
  insertAccessToken(token: NewAccessToken, transaction?: Transaction): Promise<AccessToken> {
    const { extra, audience, ...columns } = token;
    const row = {
      ...extra,
      applicationId: null,
      familyId: null,
      payload: null,
      ...columns,
      tokenHash: requireDigest(token.tokenHash),
      userId: token.userId === undefined || token.userId === null ? null : requireUserId(token.userId),
      audience: audience === undefined || audience === null ? null : JSON.stringify(audience),
      revokedAtMilliseconds: null,
    };
    const insert = async () => this.models.AccessToken.query(transaction).insert(row);
    // Inside the caller's transaction only the caller can start again.
    return transaction === undefined ? retryContention(insert) : orUnavailable(insert);
  }

  /** The access token with this digest, whatever its state, with its `application`. */
  findAccessTokenByHash(tokenHash: Buffer): Promise<AccessToken | undefined> {
    const { AccessToken } = this.models;
    requireDigest(tokenHash);
    return orUnavailable(async () =>
      AccessToken.query().where('token_hash', tokenHash).withGraphFetched('application').first(),
    );
  }

  /** The refresh token with this digest, whatever its state, with its `application`. */
  findRefreshTokenByHash(tokenHash: Buffer): Promise<RefreshToken | undefined> {
    const { RefreshToken } = this.models;
    requireDigest(tokenHash);
    return orUnavailable(async () =>
      RefreshToken.query().where('token_hash', tokenHash).withGraphFetched('application').first(),
    );
  }

  /**
   * How many access tokens are live, counted over no more than `atMost` rows that have not expired, so that it costs the same
   * however many there are; if there are more, it is a lower bound.
   */
  async countLive(atMost: number): Promise<number> {
    const { AccessToken } = this.models;
    const unexpired = AccessToken.query()
      .select('revoked_at_ms')
      .where('expires_at_ms', '>', this.clock.nowMilliseconds())
      .limit(atMost)
      .as('unexpired');
    const [row] = await orUnavailable(async () =>
      AccessToken.knexQuery()
        .from(unexpired.toKnexQuery() as never)
        .whereNull('revoked_at_ms')
        .count({ live: '*' }),
    );
    return Number((row as { readonly live?: unknown } | undefined)?.live ?? 0);
  }

  /** Revokes an access token. Of any number of calls for one token, exactly one resolves to `true`. */
  revokeAccessToken(tokenHash: Buffer): Promise<boolean> {
    const { AccessToken } = this.models;
    requireDigest(tokenHash);
    return retryContention(async () => {
      // The condition determines the winner, not an earlier read; this works even if a driver counts matched rows.
      const changed = await AccessToken.query()
        .where('token_hash', tokenHash)
        .whereNull('revoked_at_ms')
        .patch({ revokedAtMilliseconds: this.clock.nowMilliseconds() });
      return changed === 1;
    });
  }

  /**
   * Revokes a family: its grant, its refresh tokens, then its access tokens, together or not at all.
   *
   * @returns the cache keys of all its unexpired access tokens, also of those that were revoked before, so that a call
   *   that is repeated after a failure invalidates the caches again
   */
  revokeFamily(familyId: string): Promise<string[]> {
    return this.revokeFamilies([familyId]);
  }

  /**
   * Revokes the families whose grants end with browser sessions, a batch at a time; each is revoked as by `revokeFamily`.
   * Yields the cache keys of the access tokens of each batch.
   */
  async *revokeFamiliesOf(ending: EndingSessions): AsyncGenerator<string[]> {
    for (;;) {
      const familyIds = await this.familiesOf(ending);
      if (familyIds.length === 0) return;
      yield await this.revokeFamilies(familyIds);
    }
  }

  /** Some of the live grants that end with the sessions. */
  private familiesOf(ending: EndingSessions): Promise<string[]> {
    return orUnavailable(async () => {
      const query = this.models.ServerRecord.query()
        .where('kind', GRANT_KIND)
        .modify(isLive, this.clock.nowMilliseconds())
        .select('family_id')
        .orderBy('id')
        .limit(FAMILIES_AT_ONCE);
      if ('sessionUidHash' in ending) query.where('uid_hash', ending.sessionUidHash);
      else {
        query.modify(isExactly, 'user_id', requireUserId(ending.userId)).whereNotNull('uid_hash');
        if (ending.exceptUidHash !== undefined) query.whereNot('uid_hash', ending.exceptUidHash);
      }
      return (await query).flatMap(({ familyId }) => familyId ?? []);
    });
  }

  private revokeFamilies(familyIds: readonly string[]): Promise<string[]> {
    const { AccessToken, RefreshToken, ServerRecord } = this.models;
    return retryContention(() =>
      AccessToken.transaction(async (transaction) => {
        const now = this.clock.nowMilliseconds();
        const revocation = { revokedAtMilliseconds: now };
        // The grants first: a transaction that issues tokens under a grant holds its row, so this waits for it, and the
        // next statements see everything that it stored. Later transactions find the grant void and store nothing.
        await ServerRecord.query(transaction)
          .where('kind', GRANT_KIND)
          .whereIn('record_hash', familyIds.map(sha256))
          .whereNull('revoked_at_ms')
          .patch(revocation);
        await RefreshToken.query(transaction)
          .whereIn('family_id', [...familyIds])
          .whereNull('revoked_at_ms')
          .patch(revocation);
        await AccessToken.query(transaction)
          .whereIn('family_id', [...familyIds])
          .whereNull('revoked_at_ms')
          .patch(revocation);
        const tokens = await AccessToken.query(transaction)
          .whereIn('family_id', [...familyIds])
          .where('expires_at_ms', '>', now)
          .select('token_hash');
        return keysOf(tokens);
      }),
    );
  }

  /**
   * Revokes all live tokens of a user, of an application, or of a user at an application. A small number is revoked in
   * one transaction. For many a revocation is stored first, from which moment all of them are refused; then their rows
   * are changed in batches with short locks.
   *
   * @param signal ends the work on the rows between two batches; the revocation stays in force
   * @throws TypeError if neither is given
   */
  revokeAllOf(owner: TokenOwner, signal?: AbortSignal): Promise<RevokedTokens> {
    const ofOwner = whereOwner(owner);
    return this.revokeOwned(owner, ofOwner, signal);
  }

  private async revokeOwned(
    owner: TokenOwner,
    ofOwner: ReturnType<typeof whereOwner>,
    signal: AbortSignal | undefined,
  ): Promise<RevokedTokens> {
    const { revocations } = this;
    if (!(await revocations.isLarge(owner))) {
      return { count: await this.revokeTogether(ofOwner), finished: Promise.resolve() };
    }
    const begun = await revocations.begin(owner);
    // An exchange in progress holds its grant, so this waits for it; the extension covers what it has stored.
    await revocations.revokeGrants(owner);
    const revocation = await revocations.extend(begun);
    // The revocation is in force already; a count that takes too long must not make the call fail.
    const count = await revocations.count(revocation).catch(() => REVOCATION_BATCH_SIZE + 1);
    // After a failure the revocation is still in force.
    return { count, finished: revocations.finish(revocation, signal).catch(() => undefined) };
  }

  private revokeTogether(ofOwner: ReturnType<typeof whereOwner>): Promise<number> {
    const { AccessToken, RefreshToken, ServerRecord } = this.models;
    return retryContention(() =>
      AccessToken.transaction(async (transaction) => {
        const now = this.clock.nowMilliseconds();
        const revocation = { revokedAtMilliseconds: now };
        // Grants first: a refresh in progress holds the row of its grant, so this waits for it, and the next statements
        // see the tokens that it stored. Codes that have not been exchanged yet become void with their grant.
        await ServerRecord.query(transaction)
          .where('kind', GRANT_KIND)
          .modify(ofOwner)
          .modify(isLive, now)
          .patch(revocation);
        const refreshTokens = await RefreshToken.query(transaction)
          .modify(ofOwner)
          .modify(isLive, now)
          .patch(revocation);
        const accessTokens = await AccessToken.query(transaction).modify(ofOwner).modify(isLive, now).patch(revocation);
        return refreshTokens + accessTokens;
      }),
    );
  }

  /**
   * The valid access tokens of a user, newest first, each with its `application`; a page of them.
   *
   * @throws TypeError if the page is out of range
   */
  listFor(userId: string, page: Page = {}): Promise<AccessToken[]> {
    requireUserId(userId);
    const checked = checkedPage(page);
    const { AccessToken, Application } = this.models;
    const isPostgres = dialectOf(AccessToken.knex()) === 'postgres';
    const quote = isPostgres ? '"' : '`';
    const end = isPostgres ? AS_CONDITION : '';
    const disabled =
      `SELECT 1 FROM ${quote}${Application.tableName}${quote} a WHERE a.disabled_at_ms IS NOT NULL ` +
      `AND a.id = ${quote}${AccessToken.tableName}${quote}.application_id${end}`;
    const read = ({ limit, beforeId }: { readonly limit: number; readonly beforeId: number | undefined }) => {
      const query = AccessToken.query()
        // MySQL ignores trailing spaces in comparisons: the list of a user must contain only that user's own tokens.
        .modify(isExactly, 'user_id', userId)
        .modify(isLive, this.clock.nowMilliseconds())
        .whereRaw(`NOT EXISTS (${disabled})`)
        .whereRaw(`NOT ${coveredByRevocation(quote, AccessToken.tableName, end)}`)
        .orderBy('id', 'desc')
        .limit(limit)
        .withGraphFetched('application');
      if (beforeId !== undefined) query.where('id', '<', beforeId);
      return query;
    };
    return orUnavailable(() => readablePage(checked, read));
  }

  /**
   * Deletes what has expired (tokens, codes, sessions, interactions, grants and the like, retired signing keys), in
   * batches by primary key, so that no lock is held for long. Interrupted revocations of many tokens are completed
   * first.
   *
   * @throws ConfigurationError if an option is out of range
   */
  async clearExpired(options: ClearExpiredOptions = {}): Promise<ClearExpiredResult> {
    await this.revocations.finishAll(options.signal);
    return clearExpired(this.models, this.clock, options);
  }
}

function keysOf(tokens: readonly AccessToken[]): string[] {
  return tokens.map((token) => keyOfDigest(token.tokenHash));
}
