import { raw } from 'objection';
import { orUnavailable } from '../database-errors.js';
import { requireText, requireUserId } from '../ids.js';
import type { Application } from '../models/application.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import { readablePage } from '../readable-rows.js';
import { isExactly } from './exact-text.js';
import { checkedPage, type Page } from './page.js';

/** The search criteria, all of which must match. */
export interface ApplicationFilter {
  /** The beginning of the client identifier. */
  readonly clientId?: string;
  /** A part of the name, case-insensitive (on SQLite only for ASCII). */
  readonly name?: string;
  /** Exactly the owner's id. */
  readonly userId?: string;
}

/** See `ApplicationRepository.search`. There are few applications: a scan of their table is cheap. */
export function searchApplications(
  models: OAuth2Models,
  { clientId, name, userId }: ApplicationFilter,
  page: Page,
): Promise<Application[]> {
  const checked = checkedPage(page);
  if (userId !== undefined) requireUserId(userId);
  if (clientId !== undefined) requireText(clientId, 'clientId');
  if (name !== undefined) requireText(name, 'name');
  // Values that no column can contain find nothing, and a database may refuse them (NUL on PostgreSQL).
  if ([clientId, name].some((text) => text !== undefined && (text.length > 255 || text.includes('\0')))) {
    return Promise.resolve([]);
  }
  const read = ({ limit, beforeId }: { readonly limit: number; readonly beforeId: number | undefined }) => {
    const query = models.Application.query().orderBy('id', 'desc').limit(limit);
    if (beforeId !== undefined) query.where('id', '<', beforeId);
    // Not LIKE, which ignores case on SQLite, while identifiers are case-sensitive.
    if (clientId !== undefined) query.where(raw('substr(client_id, 1, ?)', clientId.length), clientId);
    if (name !== undefined) query.whereRaw("lower(name) like lower(?) escape '!'", `%${escaped(name)}%`);
    if (userId !== undefined) query.modify(isExactly, 'user_id', userId);
    return query;
  };
  return orUnavailable(() => readablePage(checked, read));
}

/** Escapes a string for LIKE, so that `%` and `_` are taken literally. */
function escaped(text: string): string {
  return text.replace(/[!%_]/g, '!$&');
}
