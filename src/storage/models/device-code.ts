import { StoredModel } from './stored-model.js';

/** A device code with its user code (RFC 8628 §3.2); good for one exchange. */
export class DeviceCode extends StoredModel {
  static override tableName = 'oauth2_device_codes';
  static override numericProperties: readonly string[] = ['applicationId'];
  static override hiddenProperties: readonly string[] = ['deviceCodeHash', 'userCodeHash', 'payload'];

  /** SHA-256 of the device code, 32 bytes. */
  deviceCodeHash!: Buffer;
  /** SHA-256 of the user code, 32 bytes. */
  userCodeHash!: Buffer;
  applicationId!: number;
  /** The user who claimed it. */
  userId!: string | null;
  scope!: string;
  familyId!: string | null;
  expiresAtMs!: number;
  createdAtMs!: number;
  /** When it was exchanged. */
  consumedAtMs!: number | null;
  /** JSON of the authorization server. */
  payload!: string | null;
}
