import { StoredModel } from './stored-model.js';

/**
 * An authorization code (RFC 6749 §4.1.2), for a single exchange.
 *
 * @example
 * ```ts
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { AuthorizationCode } from 'routing-controllers-oauth2/storage';
 *
 * class ShopAuthorizationCode extends AuthorizationCode {
 *   static override tableName = 'shop_codes';
 * }
 *
 * export const oauth2 = createOAuth2({ database: ':memory:', models: { AuthorizationCode: ShopAuthorizationCode } });
 * ```
 */
export class AuthorizationCode extends StoredModel {
  static override tableName = 'oauth2_authorization_codes';
  static override numericProperties: readonly string[] = ['applicationId'];
  static override hiddenProperties: readonly string[] = ['codeHash', 'payload'];

  /** SHA-256 of the code, 32 bytes. */
  codeHash!: Buffer;
  applicationId!: number;
  userId!: string;
  scope!: string;
  redirectUri!: string | null;
  /** RFC 7636 §4.2; the method is always S256. */
  codeChallenge!: string | null;
  familyId!: string;
  expiresAtMilliseconds!: number;
  createdAtMilliseconds!: number;
  /** When it was exchanged. */
  consumedAtMilliseconds!: number | null;
  /** JSON of the authorization server. */
  payload!: string | null;
}
