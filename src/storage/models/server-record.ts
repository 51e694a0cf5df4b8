import { StoredModel } from './stored-model.js';

/**
 * Data of the authorization server besides tokens and codes: sessions, interactions, grants, pushed authorization
 * requests, single-use identifiers, registration tokens.
 *
 * @example
 * ```ts
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { ServerRecord } from 'routing-controllers-oauth2/storage';
 *
 * class ShopServerRecord extends ServerRecord {
 *   static override tableName = 'shop_records';
 * }
 *
 * export const oauth2 = createOAuth2({ database: ':memory:', models: { ServerRecord: ShopServerRecord } });
 * ```
 */
export class ServerRecord extends StoredModel {
  /** The name of the table; a subclass may have its own. */
  static override tableName = 'oauth2_server_records';
  static override numericProperties: readonly string[] = ['applicationId'];
  static override hiddenProperties: readonly string[] = ['recordHash', 'uidHash', 'payload'];

  /** The kind of record; `Grant` is the authorization to which a family of tokens belongs. */
  kind!: string;
  /** SHA-256 of its identifier, 32 bytes; unique within the kind. */
  recordHash!: Buffer;
  /** SHA-256 of the second identifier of a session, 32 bytes; of a grant, that of the session with which it ends. */
  uidHash!: Buffer | null;
  /** The row id of the application that it belongs to; `null`: to none. */
  applicationId!: number | null;
  /** The id of the user that it belongs to; `null`: to none. */
  userId!: string | null;
  /** The family of a grant. */
  familyId!: string | null;
  /** When it expires; `null`: never. */
  expiresAtMilliseconds!: number | null;
  /** When it was made, in milliseconds since the Unix epoch. */
  createdAtMilliseconds!: number;
  /** When it was last changed, in milliseconds since the Unix epoch. */
  updatedAtMilliseconds!: number;
  /** When it was used, if it can be used once. */
  consumedAtMilliseconds!: number | null;
  /** When it was revoked. The row is kept, so that a request that had read it before cannot write it again. */
  revokedAtMilliseconds!: number | null;
  /** Of a session: when the user signed in. */
  begunAtMilliseconds!: number | null;
  /** Of a session: a description of browser and system. */
  browser!: string | null;
  /** Of a session: the last address, or the network of an IPv6 address. */
  address!: string | null;
  /** JSON of the authorization server, encrypted if it contains secrets. */
  payload!: string | null;
}
