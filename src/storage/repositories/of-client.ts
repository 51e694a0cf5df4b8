import type { QueryBuilder } from 'objection';
import type { OAuth2Models } from '../models/oauth2-models.js';
import type { StoredModel } from '../models/stored-model.js';
import { isReadable } from '../readable-rows.js';

/** A row with what is needed of its application, read in the same statement. */
export interface OfClient<Row> {
  readonly row: Row;
  /** The client identifier; `undefined` for a row without application. */
  readonly clientId: string | undefined;
  readonly applicationDisabled: boolean;
}

type Joined = {
  readonly applicationId: number | null;
  oauth2ClientId: string | null;
  oauth2DisabledAtMilliseconds: number | null;
};

/** Runs a query for one row, joined with its application. One that cannot be understood counts as not there. */
export async function firstOfClient<Row extends StoredModel>(
  query: QueryBuilder<Row>,
  models: OAuth2Models,
): Promise<OfClient<Row> | undefined> {
  const table = query.modelClass().tableName;
  // Aliases that no column of the host can collide with.
  const found = (await query
    .leftJoin(`${models.Application.tableName} as a`, 'a.id', `${table}.application_id`)
    .select(`${table}.*`, 'a.client_id as oauth2_client_id', 'a.disabled_at_ms as oauth2_disabled_at_milliseconds')
    .first()) as (Row & Joined) | undefined;
  if (found === undefined || !isReadable(found)) return undefined;
  const { applicationId, oauth2ClientId: clientId } = found;
  // Its application is gone, and with it whoever could say that it is disabled.
  if (applicationId !== null && typeof clientId !== 'string') return undefined;
  return {
    row: found,
    clientId: clientId ?? undefined,
    applicationDisabled: found.oauth2DisabledAtMilliseconds !== null,
  };
}
