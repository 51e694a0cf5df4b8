import { StoredModel } from './stored-model.js';

/**
 * A key of the authorization server; the private part is stored encrypted.
 *
 * The keys of one algorithm are numbered by generation, 1 first, and no two have the same number: of several processes
 * that add the next key at once, one does. The newest whose time has come signs.
 */
export class SigningKey extends StoredModel {
  static override tableName = 'oauth2_signing_keys';
  static override numericProperties: readonly string[] = ['generation', 'signsFromMs'];
  static override hiddenProperties: readonly string[] = ['privateKeyEncrypted'];

  /** RFC 7517 §4.5; unique. */
  kid!: string;
  /** RFC 7518 §3.1, e.g. `RS256`. */
  algorithm!: string;
  generation!: number;
  privateKeyEncrypted!: Buffer;
  createdAtMs!: number;
  /** From when on it signs; it is published before, so that every process and client knows it by then. */
  signsFromMs!: number;
  /** From when on its successor signs; `null` while it has none. */
  retiredAtMs!: number | null;
  /** When it is published no longer: what it signed has expired by then. `null` while it has no successor. */
  expiresAtMs!: number | null;
}
