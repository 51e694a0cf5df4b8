import { StoredModel } from './stored-model.js';

/**
 * What the authorization server keeps beside tokens and codes: sessions, interactions, grants, pushed authorization
 * requests, identifiers that must not come twice, registration tokens.
 */
export class ServerRecord extends StoredModel {
  static override tableName = 'oauth2_server_records';
  static override numericProperties: readonly string[] = ['applicationId'];
  static override hiddenProperties: readonly string[] = ['recordHash', 'uidHash', 'payload'];

  /** What it is; `Grant` is the authorization that a family of tokens belongs to. */
  kind!: string;
  /** SHA-256 of its identifier, 32 bytes; unique within the kind. */
  recordHash!: Buffer;
  /** SHA-256 of the second identifier of a session, 32 bytes; of a grant, that of the session that it ends with. */
  uidHash!: Buffer | null;
  applicationId!: number | null;
  userId!: string | null;
  /** The family of a grant. */
  familyId!: string | null;
  /** When it ends; `null`: never by itself. */
  expiresAtMs!: number | null;
  createdAtMs!: number;
  updatedAtMs!: number;
  /** When it was used, if it is good for one use. */
  consumedAtMs!: number | null;
  /** Since when it is void. A row that is kept so cannot be written again by a request that had read it before. */
  revokedAtMs!: number | null;
  /** Of a session: when the user signed in. */
  begunAtMs!: number | null;
  /** Of a session: browser and system in words. */
  browser!: string | null;
  /** Of a session: where it came from last, an address or the network of an IPv6 address. */
  address!: string | null;
  /** JSON of the authorization server, sealed where it holds what must not be read at rest. */
  payload!: string | null;
}
