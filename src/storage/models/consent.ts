import { StoredModel } from './stored-model.js';

/**
 * The scopes that a user has granted to an application; one row per pair.
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 *
 * // The scopes that a user has allowed, by the row's id of each application.
 * export async function allowedBy({ models }: OAuth2, userId: string): Promise<Map<number, string>> {
 *   const consents = await models.Consent.query().where('user_id', userId);
 *   return new Map(consents.map(({ applicationId, scope }) => [applicationId, scope]));
 * }
 * ```
 */
export class Consent extends StoredModel {
  /** The name of the table; a subclass may have its own. */
  static override tableName = 'oauth2_consents';
  static override numericProperties: readonly string[] = ['applicationId'];

  /** The id of the user. */
  userId!: string;
  /** The row id of the application. */
  applicationId!: number;
  /** Scopes, separated by spaces. */
  scope!: string;
  /** Scopes that were granted without asking the user, because staff had decided so. */
  unaskedScope!: string | null;
  /** When it was first given, in milliseconds since the Unix epoch. */
  createdAtMilliseconds!: number;
  /** When it was last changed, in milliseconds since the Unix epoch. */
  updatedAtMilliseconds!: number;
}
