import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../core/clock.js';
import { wholeNumberOption } from '../../core/options/index.js';
import { dialectOf } from '../database.js';
import { orUnavailable, retryContention } from '../database-errors.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import type { StoredModel } from '../models/stored-model.js';
import { ClearingPace } from './clearing-pace.js';

/** The progress of a deletion. */
export interface ClearExpiredProgress {
  /** Rows deleted until now. */
  readonly deleted: number;
  /** Rows to be deleted, counted before the first batch. */
  readonly total: number;
}

/** How expired rows are deleted. */
export interface ClearExpiredOptions {
  /**
   * Rows per statement, 1 to 10000. By default as many as can be deleted in a few milliseconds, at most 1000, because
   * SQLite blocks the process during the call.
   */
  readonly batchSize?: number;
  /**
   * A pause between two batches, in milliseconds; by default as long as the batch took, at most 100. Other work of the
   * process runs in between in any case.
   */
  readonly pauseMilliseconds?: number;
  /** Called after each batch; a promise is awaited. Without it, rows are not counted in advance. */
  readonly onProgress?: (progress: ClearExpiredProgress) => void | Promise<void>;
  /** Deletes what expired at this time or earlier, in milliseconds since the Unix epoch; the default is now. */
  readonly beforeMilliseconds?: number;
  /** Stops between two batches when aborted; rows that were deleted before stay deleted. */
  readonly signal?: AbortSignal;
}

/** The result of a deletion. */
export interface ClearExpiredResult {
  /** Rows deleted, by the name of the table. */
  readonly deleted: Record<string, number>;
  /** Rows deleted from all tables. */
  readonly total: number;
}

/** One placeholder per row, well below the limit of each database. */
const MAXIMUM_BATCH_SIZE = 10_000;

type ExpiringModel = (new () => StoredModel & { expiresAtMilliseconds: number }) & typeof StoredModel;

/** See `TokenRepository.clearExpired`. */
export async function clearExpired(
  models: OAuth2Models,
  clock: Clock,
  options: ClearExpiredOptions,
): Promise<ClearExpiredResult> {
  const pace = new ClearingPace({
    isInProcess: dialectOf(models.AccessToken.knex()) === 'sqlite',
    batchSize: optional('batchSize', options.batchSize, 1, MAXIMUM_BATCH_SIZE),
    pauseMilliseconds: optional('pauseMilliseconds', options.pauseMilliseconds, 0, 3_600_000),
  });
  const beforeMilliseconds = wholeNumber(
    'beforeMilliseconds',
    options.beforeMilliseconds ?? clock.nowMilliseconds(),
    0,
    Number.MAX_SAFE_INTEGER,
  );
  // Refresh tokens before the access tokens that they refer to, which saves updating the reference.
  const expiring = [
    models.RefreshToken,
    models.AccessToken,
    models.AuthorizationCode,
    models.DeviceCode,
    models.ServerRecord,
    models.SigningKey,
  ] as unknown as readonly ExpiringModel[];
  const { onProgress, signal } = options;
  let expected = 0;
  if (onProgress !== undefined) {
    for (const model of expiring) expected += await countExpired(model, beforeMilliseconds, signal);
  }

  const deleted: Record<string, number> = {};
  let total = 0;
  for (const model of expiring) {
    deleted[model.tableName] = 0;
    for (;;) {
      if (signal?.aborted) return { deleted, total };
      const begin = performance.now();
      const ids = await expiredIds(model, beforeMilliseconds, pace.batchSize);
      if (ids.length === 0) break;
      const count = await deleteByIds(model, ids);
      const tookMilliseconds = performance.now() - begin;
      deleted[model.tableName] = (deleted[model.tableName] ?? 0) + count;
      total += count;
      // Another process may delete rows at the same time, or more may have expired than were counted.
      await onProgress?.({ deleted: total, total: Math.max(expected, total) });
      await pace.rest(tookMilliseconds, signal);
    }
  }
  return { deleted, total };
}

/** How many rows are counted by one statement. */
const COUNTED_AT_ONCE = 10_000;

/** Counts in steps along the index, because SQLite blocks during the call, and a server needs time too. */
async function countExpired(
  model: ExpiringModel,
  beforeMilliseconds: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  let after: { readonly expiresAtMilliseconds: number; readonly id: number } | undefined;
  for (let count = 0; ; count += COUNTED_AT_ONCE) {
    const last = after;
    const rest = model.query().where('expires_at_ms', '<=', beforeMilliseconds);
    if (last !== undefined) {
      rest.where('expires_at_ms', '>=', last.expiresAtMilliseconds).where((either) => {
        either.where('expires_at_ms', '>', last.expiresAtMilliseconds).orWhere('id', '>', last.id);
      });
    }
    after = (await orUnavailable(async () =>
      rest
        .clone()
        .select('expires_at_ms', 'id')
        .orderBy(['expires_at_ms', 'id'])
        .offset(COUNTED_AT_ONCE - 1)
        .limit(1)
        .first(),
    )) as { readonly expiresAtMilliseconds: number; readonly id: number } | undefined;
    if (after === undefined || signal?.aborted) {
      return count + (await orUnavailable(async () => Number(await rest.resultSize())));
    }
    await nextTurn();
  }
}

/** In the order of the primary key, so that two processes lock in the same order. */
function expiredIds(model: ExpiringModel, beforeMilliseconds: number, limit: number): Promise<number[]> {
  return orUnavailable(async () => {
    const rows = await model
      .query()
      .select('id')
      .where('expires_at_ms', '<=', beforeMilliseconds)
      .orderBy('expires_at_ms')
      .limit(limit);
    return rows.map((row) => row.id).sort((left, right) => left - right);
  });
}

/** InnoDB may report a deadlock if a revocation touches the batch; the batch is then deleted again. */
function deleteByIds(model: ExpiringModel, ids: readonly number[]): Promise<number> {
  return retryContention(async () =>
    model
      .query()
      .whereIn('id', [...ids])
      .delete(),
  );
}

function optional(name: string, value: number | undefined, least: number, most: number): number | undefined {
  return value === undefined ? undefined : wholeNumber(name, value, least, most);
}

function wholeNumber(name: string, value: number, least: number, most: number): number {
  return wholeNumberOption(name, value, { least, most });
}
