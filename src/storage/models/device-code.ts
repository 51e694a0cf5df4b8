import { StoredModel } from './stored-model.js';

/**
 * A device code with its user code (RFC 8628 §3.2), for a single exchange.
 *
 * @example
 * ```ts
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { DeviceCode } from 'routing-controllers-oauth2/storage';
 *
 * class ShopDeviceCode extends DeviceCode {
 *   static override tableName = 'shop_devices';
 * }
 *
 * export const oauth2 = createOAuth2({ database: ':memory:', models: { DeviceCode: ShopDeviceCode } });
 * ```
 */
export class DeviceCode extends StoredModel {
  /** The name of the table; a subclass may have its own. */
  static override tableName = 'oauth2_device_codes';
  static override numericProperties: readonly string[] = ['applicationId'];
  static override hiddenProperties: readonly string[] = ['deviceCodeHash', 'userCodeHash', 'payload'];

  /** SHA-256 of the device code, 32 bytes. */
  deviceCodeHash!: Buffer;
  /** HMAC-SHA-256 of the user code, 32 bytes: a user code is short enough to be guessed from a plain digest. */
  userCodeHash!: Buffer;
  /** The row id of the application that it was issued to. */
  applicationId!: number;
  /** The user who claimed it. */
  userId!: string | null;
  /** Scopes, separated by spaces. */
  scope!: string;
  /** The family of the tokens that it is exchanged for. */
  familyId!: string | null;
  /** When it expires, in milliseconds since the Unix epoch. */
  expiresAtMilliseconds!: number;
  /** When it was issued, in milliseconds since the Unix epoch. */
  createdAtMilliseconds!: number;
  /** When a user confirmed the device, before consent. */
  claimedAtMilliseconds!: number | null;
  /** When that user approved or refused. */
  decidedAtMilliseconds!: number | null;
  /** When it was exchanged. */
  consumedAtMilliseconds!: number | null;
  /** JSON of the authorization server. */
  payload!: string | null;
}
