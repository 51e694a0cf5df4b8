import { setImmediate as turn } from 'node:timers/promises';
import type { Model, QueryBuilder } from 'objection';
import type { Clock } from '../../core/clock.js';
import { dialectOf } from '../database.js';
import { isMissingReference, orUnavailable, retryContention } from '../database-errors.js';
import { REVOCATIONS_TABLE } from '../migrations/0005-revocations.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import { GRANT_KIND } from './server-record-repository.js';
import { isLive, type TokenOwner, whereOwner } from './token-owner.js';

/** The greatest number of rows that one statement changes, so that locks are short under live traffic. */
export const REVOCATION_BATCH_SIZE = 1_000;

/** A revocation of many tokens. */
export interface Revocation {
  readonly id: number;
  readonly owner: TokenOwner;
  /** The last access token and the last refresh token that it covers. */
  readonly accessThroughId: number;
  readonly refreshThroughId: number;
  /** When it began; grants that were given later are not covered. */
  readonly createdAtMilliseconds: number;
}

type RevocableModel = typeof Model & (new () => Model & { id: number; revokedAtMilliseconds: number | null });

/**
 * Revocations of more tokens than one statement should change. Such a revocation is stored first, from which moment
 * every covered token is refused; the rows of the tokens are changed afterwards, in batches. If the process ends
 * meanwhile, the revocation stays in force, and `finishAll` completes it.
 */
export class Revocations {
  constructor(
    private readonly models: OAuth2Models,
    private readonly clock: Clock,
  ) {}

  /** Whether an owner has more live tokens or grants than one batch. */
  async isLarge(owner: TokenOwner): Promise<boolean> {
    for (const query of [
      this.liveGrants(owner),
      this.live(this.models.RefreshToken, owner),
      this.live(this.models.AccessToken, owner),
    ]) {
      const beyond = await orUnavailable(async () =>
        query.select('id').orderBy('id').offset(REVOCATION_BATCH_SIZE).first(),
      );
      if (beyond !== undefined) return true;
    }
    return false;
  }

  /** Puts a revocation of everything that an owner has now into force. */
  async begin(owner: TokenOwner): Promise<Revocation> {
    const through = await this.lastIds();
    const createdAtMilliseconds = this.clock.nowMilliseconds();
    const row = {
      user_id: owner.userId ?? null,
      application_id: owner.applicationId ?? null,
      access_through_id: through.accessThroughId,
      refresh_through_id: through.refreshThroughId,
      created_at_ms: createdAtMilliseconds,
    };
    const [id] = await retryContention(async () => {
      const insertion = this.knex(REVOCATIONS_TABLE).insert(row);
      // MySQL returns the id by itself.
      return dialectOf(this.knex) === 'mysql' ? insertion : insertion.returning('id');
    });
    return { id: Number(typeof id === 'object' ? id.id : id), owner, ...through, createdAtMilliseconds };
  }

  /**
   * Revokes the grants of an owner. Transactions that issue tokens under one have ended when this resolves, and no
   * later one can.
   *
   * @param untilMilliseconds grants that were given later are kept; by default none is
   */
  revokeGrants(owner: TokenOwner, untilMilliseconds?: number): Promise<number> {
    const { ServerRecord } = this.models;
    return this.inBatches(ServerRecord as unknown as RevocableModel, () => {
      const grants = this.liveGrants(owner);
      return untilMilliseconds === undefined ? grants : grants.where('created_at_ms', '<=', untilMilliseconds);
    });
  }

  /**
   * Extends a revocation to what was stored since it began. If another process has completed it meanwhile, it is begun
   * again.
   */
  async extend(revocation: Revocation): Promise<Revocation> {
    const through = await this.lastIds();
    const extended = await retryContention(async () =>
      this.knex(REVOCATIONS_TABLE).where('id', revocation.id).update({
        access_through_id: through.accessThroughId,
        refresh_through_id: through.refreshThroughId,
      }),
    );
    if (extended > 0) return { ...revocation, ...through };
    try {
      return await this.begin(revocation.owner);
    } catch (error) {
      // The application was deleted, and its tokens with it.
      if (isMissingReference(error)) return { ...revocation, ...through };
      throw error;
    }
  }

  /** How many live tokens a revocation covers. */
  count({ owner, accessThroughId, refreshThroughId }: Revocation): Promise<number> {
    return orUnavailable(async () => {
      const { AccessToken, RefreshToken } = this.models;
      const access = await this.live(AccessToken, owner).where('id', '<=', accessThroughId).resultSize();
      const refresh = await this.live(RefreshToken, owner).where('id', '<=', refreshThroughId).resultSize();
      return Number(access) + Number(refresh);
    });
  }

  /**
   * Changes the rows that a revocation covers, in batches, and then removes it. Stops between two batches when aborted.
   */
  async finish(revocation: Revocation, signal?: AbortSignal): Promise<void> {
    const { id, owner, accessThroughId, refreshThroughId, createdAtMilliseconds } = revocation;
    const { AccessToken, RefreshToken } = this.models;
    // The process that began it may have ended before this step. Grants that were given since then are kept.
    await this.revokeGrants(owner, createdAtMilliseconds);
    await this.inBatches(
      RefreshToken,
      () => this.live(RefreshToken, owner).where('id', '<=', refreshThroughId),
      signal,
    );
    await this.inBatches(AccessToken, () => this.live(AccessToken, owner).where('id', '<=', accessThroughId), signal);
    if (signal?.aborted === true) return;
    // Unless the process that began it has extended it meanwhile: then there is more to do.
    const done = { id, access_through_id: accessThroughId, refresh_through_id: refreshThroughId };
    await retryContention(async () => this.knex(REVOCATIONS_TABLE).where(done).delete());
  }

  /** Completes revocations that another process has begun. */
  async finishAll(signal?: AbortSignal): Promise<void> {
    const rows = await orUnavailable(async () =>
      // One-word aliases, because the host's knex may rename the columns of results.
      this.knex(REVOCATIONS_TABLE).select({
        id: 'id',
        user: 'user_id',
        application: 'application_id',
        access: 'access_through_id',
        refresh: 'refresh_through_id',
        created: 'created_at_ms',
      }),
    );
    for (const { id, user, application, access, refresh, created } of rows) {
      const owner = {
        ...(user !== null && { userId: String(user) }),
        ...(application !== null && { applicationId: Number(application) }),
      };
      const [accessThroughId, refreshThroughId] = [Number(access), Number(refresh)];
      const createdAtMilliseconds = Number(created);
      await this.finish({ id: Number(id), owner, accessThroughId, refreshThroughId, createdAtMilliseconds }, signal);
    }
  }

  private get knex() {
    return this.models.AccessToken.knex();
  }

  private lastIds(): Promise<Pick<Revocation, 'accessThroughId' | 'refreshThroughId'>> {
    return orUnavailable(async () => {
      const { AccessToken, RefreshToken } = this.models;
      const [access, refresh] = [
        await AccessToken.query().select('id').orderBy('id', 'desc').first(),
        await RefreshToken.query().select('id').orderBy('id', 'desc').first(),
      ];
      return { accessThroughId: Number(access?.id ?? 0), refreshThroughId: Number(refresh?.id ?? 0) };
    });
  }

  private live<Row extends Model>(model: { query(): QueryBuilder<Row> }, owner: TokenOwner): QueryBuilder<Row> {
    return model.query().modify(whereOwner(owner)).modify(isLive, this.clock.nowMilliseconds());
  }

  private liveGrants(owner: TokenOwner) {
    return this.live(this.models.ServerRecord, owner).where('kind', GRANT_KIND);
  }

  /** Revokes the rows that a query finds, one batch by primary key at a time. Other work runs between two batches. */
  private async inBatches(
    model: RevocableModel,
    live: () => QueryBuilder<Model>,
    signal?: AbortSignal,
  ): Promise<number> {
    let last = 0;
    let changed = 0;
    while (signal?.aborted !== true) {
      const ids = await orUnavailable(async () => {
        const rows = await live().where('id', '>', last).select('id').orderBy('id').limit(REVOCATION_BATCH_SIZE);
        return rows.map((row) => (row as unknown as { id: number }).id);
      });
      const newest = ids.at(-1);
      if (newest === undefined) break;
      changed += await retryContention(async () =>
        model
          .query()
          .whereIn('id', ids)
          .whereNull('revoked_at_ms')
          .patch({ revokedAtMilliseconds: this.clock.nowMilliseconds() } as object),
      );
      last = newest;
      await turn();
    }
    return changed;
  }
}
