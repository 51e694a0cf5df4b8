import type { Transaction } from 'objection';
import type { Clock } from '../../core/clock.js';
import { parseScope } from '../../core/scopes.js';
import { orUnavailable, retryContention } from '../database-errors.js';
import { requireDigest } from '../ids.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import type { RefreshToken } from '../models/refresh-token.js';
import type { ServerRecord } from '../models/server-record.js';
import type { StoredToken } from '../models/stored-token.js';
import { importTransaction, insertRows } from './import-transaction.js';
import { type ConsentCounts, type ImpliedConsent, ImportedConsents } from './imported-consents.js';
import { type DescribeGrant, type ImportedGrant, ImportedGrants } from './imported-grants.js';

/** What tokens of another server have in common. */
interface ImportedToken {
  /** SHA-256 of the token, 32 bytes. */
  readonly tokenHash: Buffer;
  /** The application; `null` for a token without one. */
  readonly application: { readonly id: number; readonly clientId: string; readonly skipsConsent: boolean } | null;
  readonly userId: string | null;
  /** Scopes, separated by spaces. */
  readonly scope: string;
  readonly audience: readonly string[] | null;
  readonly createdAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
  /** JSON of the authorization server. */
  readonly payload: string | null;
}

/** An access token of another server. */
export interface ImportedAccessToken extends ImportedToken {
  readonly familyId: string | null;
}

/** A refresh token of another server. */
export interface ImportedRefreshToken extends ImportedToken {
  readonly application: NonNullable<ImportedToken['application']>;
  readonly userId: string;
  readonly familyId: string;
  readonly familyExpiresAtMilliseconds: number;
  /** SHA-256 of the access token that was issued with it. */
  readonly accessTokenHash: Buffer | null;
  /** When it was used or revoked; `null`: it can be used. */
  readonly rotatedAtMilliseconds: number | null;
}

/** What became of a token. */
export type ImportOutcome =
  | 'imported'
  | 'present'
  /** It is here, could be used, and was used or revoked there. */
  | 'spent_there'
  | 'revoked_here'
  | 'foreign_family'
  | 'no_live_family'
  /** What its family is granted would be too much to store. */
  | 'oversized';

/** What became of a batch: the outcome of each token, in order. */
export interface ImportedBatch {
  readonly outcomes: readonly ImportOutcome[];
  readonly consents: ConsentCounts;
}

/** The tokens of a batch that are here, by digest. */
type KnownTokens = ReadonlyMap<string, { readonly isUsable: boolean }>;

/** How tokens are imported. */
export interface ImportedTokensOptions {
  readonly clock: Clock;
  readonly describeGrant: DescribeGrant;
  /** Whether nothing is written, and the outcomes are those that there would be. */
  readonly dryRun: boolean;
}

/**
 * Tokens that come from another server, in batches: each is stored in one transaction, with the grants and consents that it
 * implies. A token that is here already stays as it is, above all a revoked one.
 */
export class ImportedTokens {
  private readonly consents: ImportedConsents;
  private readonly grants: ImportedGrants;

  constructor(
    private readonly models: OAuth2Models,
    private readonly options: ImportedTokensOptions,
  ) {
    this.consents = new ImportedConsents(models, options.dryRun);
    this.grants = new ImportedGrants(models, options.describeGrant, options.dryRun);
  }

  /** Stores access tokens. */
  storeAccessTokens(given: readonly ImportedAccessToken[]): Promise<ImportedBatch> {
    return this.inTransaction(given, async (tokens, known, now, transaction) => {
      const families = tokens.flatMap(({ familyId }) => (familyId === null ? [] : [familyId]));
      const held = await this.grants.hold(families, now, transaction);
      const outcomes = tokens.map(({ tokenHash, familyId }): ImportOutcome => {
        if (known.has(keyOf(tokenHash))) return 'present';
        const grant = familyId === null ? undefined : held.get(familyId);
        return grant !== undefined && isVoid(grant) ? 'revoked_here' : 'imported';
      });
      const rows = chosen(tokens, outcomes).map((token) => ({ ...columnsOf(token), familyId: token.familyId }));
      if (!this.options.dryRun) await insertRows(this.models.AccessToken, rows, transaction);
      return outcomes;
    });
  }

  /** Stores refresh tokens that can be used, each with the grant of its family. */
  storeRefreshTokens(given: readonly ImportedRefreshToken[]): Promise<ImportedBatch> {
    return this.inTransaction(given, async (tokens, known, now, transaction) => {
      const held = await this.grants.hold(
        tokens.map(({ familyId }) => familyId),
        now,
        transaction,
      );
      const grants = new Map<string, ImportedGrant>();
      const outcomes = tokens.map((token): ImportOutcome => {
        if (known.has(keyOf(token.tokenHash))) return 'present';
        const stored = held.get(token.familyId);
        if (stored !== undefined && isVoid(stored)) return 'revoked_here';
        const begun = grants.get(token.familyId);
        if (![stored, begun].every((grant) => grant === undefined || isOf(grant, token))) return 'foreign_family';
        const grant = grantOf(token, begun);
        if (isOversized(grant)) return 'oversized';
        grants.set(token.familyId, grant);
        return 'imported';
      });
      await this.grants.store([...grants.values()], held, now, transaction);
      await this.insertRefreshTokens(chosen(tokens, outcomes), transaction);
      return outcomes;
    });
  }

  /**
   * Stores refresh tokens that were used or revoked, of families that are alive here: whoever presents one revokes its family.
   *
   * @param isAliveThere whether a family that is not here would come, for a dry run
   */
  storeSpentTokens(
    given: readonly ImportedRefreshToken[],
    isAliveThere: (familyId: string) => boolean,
  ): Promise<ImportedBatch> {
    return this.inTransaction(given, async (tokens, known, now, transaction) => {
      const held = await this.grants.hold(
        tokens.map(({ familyId }) => familyId),
        now,
        transaction,
      );
      const outcomes = tokens.map((token): ImportOutcome => {
        const here = known.get(keyOf(token.tokenHash));
        if (here !== undefined) return here.isUsable ? 'spent_there' : 'present';
        const grant = held.get(token.familyId);
        if (grant === undefined)
          return this.options.dryRun && isAliveThere(token.familyId) ? 'imported' : 'no_live_family';
        if (isVoid(grant) || (grant.expiresAtMilliseconds ?? 0) <= now) return 'no_live_family';
        return isOf(grant, token) ? 'imported' : 'foreign_family';
      });
      await this.insertRefreshTokens(chosen(tokens, outcomes), transaction);
      return outcomes;
    });
  }

  /** The access token that was issued with a refresh token, as it is here. */
  accessTokenHashOf(refreshTokenHash: Buffer): Promise<Buffer | undefined> {
    const { RefreshToken, AccessToken } = this.models;
    return orUnavailable(async () => {
      const issued = RefreshToken.query()
        .where('token_hash', requireDigest(refreshTokenHash))
        .select('access_token_id');
      return (await AccessToken.query().whereIn('id', issued).select('token_hash').first())?.tokenHash;
    });
  }

  /** Marks a refresh token that could be used as used. */
  async spend(tokenHash: Buffer, rotatedAtMilliseconds: number): Promise<void> {
    await retryContention(async () =>
      this.models.RefreshToken.query()
        .where('token_hash', requireDigest(tokenHash))
        .whereNull('rotated_at_ms')
        .whereNull('revoked_at_ms')
        .patch({ rotatedAtMilliseconds }),
    );
  }

  /** Runs a batch. A token that is in it twice is stored once. */
  private inTransaction<Token extends ImportedAccessToken | ImportedRefreshToken>(
    given: readonly Token[],
    store: (
      tokens: readonly Token[],
      known: KnownTokens,
      now: number,
      transaction: Transaction,
    ) => Promise<ImportOutcome[]>,
  ): Promise<ImportedBatch> {
    const { AccessToken } = this.models;
    if (given.length === 0) return Promise.resolve({ outcomes: [], consents: { inserted: 0, extended: 0 } });
    const tokens = [
      ...new Map(given.toReversed().map((token) => [keyOf(token.tokenHash), token])).values(),
    ].toReversed();
    return importTransaction(AccessToken, async (transaction) => {
      const now = this.options.clock.nowMilliseconds();
      const known = await this.known(tokens, transaction);
      const outcomes = await store(tokens, known, now, transaction);
      const implied = chosen(tokens, outcomes).flatMap(consentOf);
      const consents = await this.consents.add(implied, now, transaction);
      const byToken = new Map(tokens.map((token, index) => [token, outcomes[index] ?? 'present']));
      return { outcomes: given.map((token) => byToken.get(token) ?? 'present'), consents };
    });
  }

  private async known(
    tokens: readonly (ImportedAccessToken | ImportedRefreshToken)[],
    transaction: Transaction,
  ): Promise<KnownTokens> {
    const { AccessToken, RefreshToken } = this.models;
    const isRefresh = 'familyExpiresAtMilliseconds' in (tokens[0] as object);
    const model = (isRefresh ? RefreshToken : AccessToken) as unknown as typeof AccessToken;
    const query = model.query(transaction);
    const rows = await query.whereIn(
      'token_hash',
      tokens.map(({ tokenHash }) => requireDigest(tokenHash)),
    );
    return new Map(rows.map((row) => [keyOf(row.tokenHash), { isUsable: isUsable(row) }]));
  }

  private async insertRefreshTokens(tokens: readonly ImportedRefreshToken[], transaction: Transaction): Promise<void> {
    if (this.options.dryRun || tokens.length === 0) return;
    const hashes = tokens.flatMap(({ accessTokenHash }) => (accessTokenHash === null ? [] : [accessTokenHash]));
    const issued = await this.models.AccessToken.query(transaction)
      .whereIn('token_hash', hashes)
      .select('id', 'token_hash');
    const ids = new Map(issued.map(({ id, tokenHash }) => [keyOf(tokenHash), id]));
    const rows = tokens.map((token) => ({
      ...columnsOf(token),
      familyId: token.familyId,
      familyExpiresAtMilliseconds: token.familyExpiresAtMilliseconds,
      accessTokenId: (token.accessTokenHash && ids.get(keyOf(token.accessTokenHash))) ?? null,
      rotatedAtMilliseconds: token.rotatedAtMilliseconds,
      successorSalt: null,
    }));
    await insertRows(this.models.RefreshToken, rows, transaction);
  }
}

function keyOf(digest: Buffer): string {
  return Buffer.from(digest).toString('base64url');
}

function isVoid({ revokedAtMilliseconds }: ServerRecord): boolean {
  return revokedAtMilliseconds !== null && revokedAtMilliseconds !== undefined;
}

function isUsable(token: StoredToken): boolean {
  return !token.isRevoked() && ((token as RefreshToken).rotatedAtMilliseconds ?? null) === null;
}

function isOf(
  grant: { readonly applicationId: number | null; readonly userId: string | null },
  { application, userId }: ImportedRefreshToken,
): boolean {
  return grant.applicationId === application.id && grant.userId === userId;
}

function columnsOf({ tokenHash, application, audience, ...token }: ImportedAccessToken | ImportedRefreshToken) {
  const { userId, scope, createdAtMilliseconds, expiresAtMilliseconds, payload } = token;
  return {
    tokenHash,
    applicationId: application?.id ?? null,
    audience: audience === null ? null : JSON.stringify(audience),
    ...{ userId, scope, createdAtMilliseconds, expiresAtMilliseconds, payload },
    revokedAtMilliseconds: null,
  };
}

function grantOf(token: ImportedRefreshToken, begun: ImportedGrant | undefined): ImportedGrant {
  const { familyId, application, userId, createdAtMilliseconds, familyExpiresAtMilliseconds } = token;
  return {
    ...{ familyId, userId, createdAtMilliseconds },
    applicationId: application.id,
    clientId: application.clientId,
    scopes: [...new Set([...(begun?.scopes ?? []), ...parseScope(token.scope)])],
    resources: [...new Set([...(begun?.resources ?? []), ...(token.audience ?? [])])],
    // The last access token of the family ends after its last refresh token.
    expiresAtMilliseconds: familyExpiresAtMilliseconds + 86_400_000,
  };
}

/** A grant holds the scope for each resource: together at most 3 MB. */
function isOversized({ scopes, resources }: ImportedGrant): boolean {
  return resources.length > 50 || scopes.join(' ').length > 65_000;
}

/** A live token of a user implies a consent, a spent one does not. */
function consentOf(token: ImportedAccessToken | ImportedRefreshToken): ImpliedConsent[] {
  const { application, userId, scope } = token;
  const isSpent = 'rotatedAtMilliseconds' in token && token.rotatedAtMilliseconds !== null;
  if (application === null || userId === null || isSpent) return [];
  return [{ userId, applicationId: application.id, scopes: parseScope(scope), unasked: application.skipsConsent }];
}

function chosen<Token>(tokens: readonly Token[], outcomes: readonly ImportOutcome[]): Token[] {
  return tokens.filter((_, index) => outcomes[index] === 'imported');
}
