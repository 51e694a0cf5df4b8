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
  /** The name of the table; a subclass may have its own. */
  static override tableName = 'oauth2_authorization_codes';
  static override numericProperties: readonly string[] = ['applicationId'];
  static override hiddenProperties: readonly string[] = ['codeHash', 'payload'];

  /** SHA-256 of the code, 32 bytes. */
  codeHash!: Buffer;
  /** The row id of the application that it was issued to. */
  applicationId!: number;
  /** The id of the user who signed in. */
  userId!: string;
  /** Scopes, separated by spaces. */
  scope!: string;
  /** The redirect URI of the request; the exchange must name the same. */
  redirectUri!: string | null;
  /** RFC 7636 §4.2; the method is always S256. */
  codeChallenge!: string | null;
  /** The family of the tokens that it is exchanged for. */
  familyId!: string;
  /** When it expires, in milliseconds since the Unix epoch. */
  expiresAtMilliseconds!: number;
  /** When it was issued, in milliseconds since the Unix epoch. */
  createdAtMilliseconds!: number;
  /** When it was exchanged. */
  consumedAtMilliseconds!: number | null;
  /** JSON of the authorization server. */
  payload!: string | null;
}
