import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../core/clock.js';
import { wholeNumberOption } from '../../core/options/index.js';
import { orUnavailable, retryContention } from '../database-errors.js';
import type { OAuth2Models } from '../models/models.js';
import type { StoredModel } from '../models/stored-model.js';

/** How far a clearing is. */
export interface ClearExpiredProgress {
  /** Rows deleted until now. */
  readonly deleted: number;
  /** Rows that were to be deleted, counted before the first batch. */
  readonly total: number;
}

/** How expired rows are deleted. */
export interface ClearExpiredOptions {
  /** Rows per statement, 1 to 10000; the default is 1000. */
  readonly batchSize?: number;
  /** A pause between two batches, in milliseconds; the default is 0. */
  readonly pauseMilliseconds?: number;
  /** Called after each batch; a promise is waited for. */
  readonly onProgress?: (progress: ClearExpiredProgress) => void | Promise<void>;
  /** What expired at this time or earlier, in milliseconds since the Unix epoch; the default is now. */
  readonly beforeMs?: number;
  /** Stops between two batches when aborted; what is deleted until then stays deleted. */
  readonly signal?: AbortSignal;
}

/** What a clearing did. */
export interface ClearExpiredResult {
  /** Rows deleted, by the name of the table. */
  readonly deleted: Record<string, number>;
  /** Rows deleted from all tables. */
  readonly total: number;
}

/** One placeholder per row, well below what each of the databases takes in one statement. */
const MAXIMUM_BATCH_SIZE = 10_000;

type ExpiringModel = (new () => StoredModel & { expiresAtMs: number }) & typeof StoredModel;

/** See `TokenRepository.clearExpired`. */
export async function clearExpired(
  models: OAuth2Models,
  clock: Clock,
  options: ClearExpiredOptions,
): Promise<ClearExpiredResult> {
  const batchSize = wholeNumber('batchSize', options.batchSize ?? 1_000, 1, MAXIMUM_BATCH_SIZE);
  const pauseMilliseconds = wholeNumber('pauseMilliseconds', options.pauseMilliseconds ?? 0, 0, 3_600_000);
  const beforeMs = wholeNumber('beforeMs', options.beforeMs ?? clock.nowMilliseconds(), 0, Number.MAX_SAFE_INTEGER);
  // Refresh tokens before the access tokens that they point to, which spares the update of the pointer.
  const expiring = [
    models.RefreshToken,
    models.AccessToken,
    models.AuthorizationCode,
    models.DeviceCode,
    models.ServerRecord,
    models.SigningKey,
  ] as unknown as readonly ExpiringModel[];

  let expected = 0;
  for (const model of expiring) expected += await countExpired(model, beforeMs);

  const deleted: Record<string, number> = {};
  let total = 0;
  for (const model of expiring) {
    deleted[model.tableName] = 0;
    for (;;) {
      if (options.signal?.aborted) return { deleted, total };
      const ids = await expiredIds(model, beforeMs, batchSize);
      if (ids.length === 0) break;
      const count = await deleteByIds(model, ids);
      deleted[model.tableName] = (deleted[model.tableName] ?? 0) + count;
      total += count;
      // Another process may clear at the same time, or more may have expired than was counted.
      await options.onProgress?.({ deleted: total, total: Math.max(expected, total) });
      if (pauseMilliseconds > 0)
        await sleep(pauseMilliseconds, undefined, { signal: options.signal }).catch(() => undefined);
    }
  }
  return { deleted, total };
}

function countExpired(model: ExpiringModel, beforeMs: number): Promise<number> {
  return orUnavailable(async () => Number(await model.query().where('expires_at_ms', '<=', beforeMs).resultSize()));
}

/** In the order of the primary key, so that two processes lock in the same order. */
function expiredIds(model: ExpiringModel, beforeMs: number, limit: number): Promise<number[]> {
  return orUnavailable(async () => {
    const rows = await model
      .query()
      .select('id')
      .where('expires_at_ms', '<=', beforeMs)
      .orderBy('expires_at_ms')
      .limit(limit);
    return rows.map((row) => row.id).sort((left, right) => left - right);
  });
}

/** InnoDB may answer with a deadlock when a revocation runs into the batch; the batch is then deleted again. */
function deleteByIds(model: ExpiringModel, ids: readonly number[]): Promise<number> {
  return retryContention(async () =>
    model
      .query()
      .whereIn('id', [...ids])
      .delete(),
  );
}

function wholeNumber(name: string, value: number, least: number, most: number): number {
  return wholeNumberOption(name, value, { least, most });
}
