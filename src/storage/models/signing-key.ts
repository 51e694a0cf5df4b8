import { StoredModel } from './stored-model.js';

/**
 * A key of the authorization server; the private part is stored encrypted.
 *
 * The keys of one algorithm are numbered by generation, starting with 1, and numbers are unique: if several processes
 * add the next key at once, one of them succeeds. The newest key whose time has come signs.
 *
 * @example
 * ```ts
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { SigningKey } from 'routing-controllers-oauth2/storage';
 *
 * class ShopSigningKey extends SigningKey {
 *   static override tableName = 'shop_keys';
 * }
 *
 * export const oauth2 = createOAuth2({ database: ':memory:', models: { SigningKey: ShopSigningKey } });
 * ```
 */
export class SigningKey extends StoredModel {
  /** The name of the table; a subclass may have its own. */
  static override tableName = 'oauth2_signing_keys';
  static override numericProperties: readonly string[] = ['generation', 'signsFromMilliseconds'];
  static override hiddenProperties: readonly string[] = ['privateKeyEncrypted'];

  /** RFC 7517 §4.5; unique. */
  kid!: string;
  /** RFC 7518 §3.1, e.g. `RS256`. */
  algorithm!: string;
  /** Its number among the keys of its algorithm, from 1. */
  generation!: number;
  /** The private key as a JWK (RFC 7517), encrypted. */
  privateKeyEncrypted!: Buffer;
  /** When it was made, in milliseconds since the Unix epoch. */
  createdAtMilliseconds!: number;
  /** When it starts to sign; it is published earlier, so that every process and client knows it by then. */
  signsFromMilliseconds!: number;
  /** When its successor starts to sign; `null` if it has none. */
  retiredAtMilliseconds!: number | null;
  /** When it is no longer published; everything that it signed has expired by then. `null` if it has no successor. */
  expiresAtMilliseconds!: number | null;
}
