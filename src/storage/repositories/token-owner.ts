import type { Knex } from 'knex';
import type { raw } from 'objection';
import { requireUserId } from '../ids.js';
import { isExactly } from './exact-text.js';

/** The part of a query of any token model that conditions need. */
interface Conditions {
  where(column: string, value: string | number): this;
  where(expression: ReturnType<typeof raw>, value: ReturnType<typeof raw>): this;
  where(column: string, operator: '>', value: number): this;
  whereNull(column: string): this;
  knex(): Knex;
}

/** The owner of tokens; with both given, the tokens of that user at that application. */
export interface TokenOwner {
  readonly userId?: string;
  /** The row id of the application. */
  readonly applicationId?: number;
}

/**
 * The condition on the rows of an owner.
 *
 * @throws TypeError if neither is given, since that would match every token, or if one has the wrong type
 */
export function whereOwner(owner: TokenOwner): (query: Conditions) => void {
  const { userId, applicationId } = owner;
  if (userId === undefined && applicationId === undefined) {
    throw new TypeError('Neither userId nor applicationId is given; this never applies to all tokens.');
  }
  if (userId !== undefined) requireUserId(userId);
  if (applicationId !== undefined && !Number.isSafeInteger(applicationId)) {
    throw new TypeError(
      `applicationId is ${String(applicationId)}; use the row id of the application, a whole number.`,
    );
  }
  return (query) => {
    if (userId !== undefined) isExactly(query, 'user_id', userId);
    if (applicationId !== undefined) query.where('application_id', applicationId);
  };
}

/** The condition that a token is neither revoked nor expired; the time is in milliseconds since the Unix epoch. */
export function isLive(query: Conditions, nowMilliseconds: number): void {
  query.whereNull('revoked_at_ms').where('expires_at_ms', '>', nowMilliseconds);
}
