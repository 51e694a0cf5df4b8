import { StoredModel } from './stored-model.js';

/** A key of the authorization server; the private part is stored encrypted. */
export class SigningKey extends StoredModel {
  static override tableName = 'oauth2_signing_keys';
  static override hiddenProperties: readonly string[] = ['privateKeyEncrypted'];

  /** RFC 7517 §4.5; unique. */
  kid!: string;
  privateKeyEncrypted!: Buffer;
  createdAtMs!: number;
  /** Since when nothing new is signed with it. */
  retiredAtMs!: number | null;
}
