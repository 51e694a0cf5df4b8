import { setImmediate as turn } from 'node:timers/promises';
import type { QueryBuilder } from 'objection';
import { orUnavailable, retryContention } from '../database-errors.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import type { StoredModel } from '../models/stored-model.js';

/** How many rows one statement deletes, so that locks are short and what replicas repeat is small. */
const BATCH_SIZE = 1_000;

type OwnedModel = { query(): QueryBuilder<StoredModel> };

/**
 * Deletes what belongs to an application, a batch by primary key at a time. The database would do it by itself with the
 * application's row, but in one statement, which for very many tokens takes longer than a statement may.
 */
export async function deleteRowsOf(models: OAuth2Models, applicationId: number): Promise<void> {
  const { RefreshToken, AccessToken, AuthorizationCode, DeviceCode, ServerRecord, Consent } = models;
  // Refresh tokens before the access tokens that they refer to, which saves updating the reference.
  for (const model of [RefreshToken, AccessToken, AuthorizationCode, DeviceCode, ServerRecord, Consent]) {
    await deleteAll(model as unknown as OwnedModel, applicationId);
  }
}

async function deleteAll(model: OwnedModel, applicationId: number): Promise<void> {
  for (;;) {
    const ids = await orUnavailable(async () => {
      const rows = await model
        .query()
        .where('application_id', applicationId)
        .select('id')
        .orderBy('id')
        .limit(BATCH_SIZE);
      return rows.map(({ id }) => id);
    });
    if (ids.length === 0) return;
    await retryContention(async () => model.query().whereIn('id', ids).delete());
    // Other work of the process runs in between.
    await turn();
  }
}
