import { StoredToken } from './stored-token.js';

/**
 * A refresh token; it always belongs to a family.
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 *
 * // How many authorizations of a user can still be refreshed.
 * export function countRefreshable({ models }: OAuth2, userId: string): Promise<number> {
 *   return models.RefreshToken.query().where('user_id', userId).whereNull('revoked_at_ms').resultSize();
 * }
 * ```
 */
export class RefreshToken extends StoredToken {
  /** The name of the table; a subclass may have its own. */
  static override tableName = 'oauth2_refresh_tokens';
  static override numericProperties: readonly string[] = ['applicationId', 'accessTokenId'];

  declare familyId: string;
  /** The row id of the access token that was issued with it. */
  accessTokenId!: number | null;
  /** When it was exchanged for a successor. */
  rotatedAtMilliseconds!: number | null;
  /** When it expires if it is not used; the family expires at `familyExpiresAtMilliseconds`. */
  declare expiresAtMilliseconds: number;
  /**
   * Random text from which, with the token itself and a key, its successor's value is derived; `null` until it is
   * rotated.
   */
  successorSalt!: string | null;
  /** When the whole family expires, however often it is rotated. */
  familyExpiresAtMilliseconds!: number;

  /** Whether it, or its whole family, has expired. */
  override isExpired(nowMilliseconds: number = Date.now()): boolean {
    return super.isExpired(nowMilliseconds) || this.familyExpiresAtMilliseconds <= nowMilliseconds;
  }
}
