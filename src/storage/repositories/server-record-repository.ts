import { type Clock, systemClock } from '../../core/clock.js';
import { isDuplicate, orUnavailable, retryContention } from '../database-errors.js';
import { requireDigest, requireUserId } from '../ids.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import type { ServerRecord } from '../models/server-record.js';
import { readable } from '../readable-rows.js';

/** The kind of the record for one authorization: the tokens of a family are valid only as long as it exists. */
export const GRANT_KIND = 'Grant';

/** What a record is saved with. */
export interface SavedRecord {
  readonly kind: string;
  /** SHA-256 of its identifier. */
  readonly recordHash: Buffer;
  readonly uidHash?: Buffer | null;
  readonly applicationId?: number | null;
  readonly userId?: string | null;
  readonly familyId?: string | null;
  /** In milliseconds since the Unix epoch; `null`: it never ends by itself. */
  readonly expiresAtMilliseconds: number | null;
  readonly payload?: string | null;
  /** Of a session; see `ServerRecord`. */
  readonly begunAtMilliseconds?: number | null;
  readonly browser?: string | null;
  readonly address?: string | null;
}

/**
 * Operations on the records of the authorization server. Every method rejects with `TemporarilyUnavailableError` if the
 * database cannot answer.
 */
export class ServerRecordRepository {
  private readonly clock: Clock;

  constructor(
    private readonly models: OAuth2Models,
    options: { readonly clock?: Clock } = {},
  ) {
    this.clock = options.clock ?? systemClock;
  }

  /** The record with this digest, unless it is void or cannot be understood; expired ones too. */
  find(kind: string, recordHash: Buffer): Promise<ServerRecord | undefined> {
    requireDigest(recordHash, 'recordHash');
    return orUnavailable(async () =>
      readable(
        await this.models.ServerRecord.query()
          .where('kind', kind)
          .where('record_hash', recordHash)
          .whereNull('revoked_at_ms')
          .first(),
      ),
    );
  }

  /** The record with this digest as its second identifier, unless it is void or cannot be understood. */
  findByUid(kind: string, uidHash: Buffer): Promise<ServerRecord | undefined> {
    requireDigest(uidHash, 'uidHash');
    return orUnavailable(async () =>
      readable(
        await this.models.ServerRecord.query()
          .where('uid_hash', uidHash)
          .where('kind', kind)
          .whereNull('revoked_at_ms')
          .first(),
      ),
    );
  }

  /** Stores a record that is new. Of any number of calls for one identifier, exactly one resolves to `true`. */
  insert(record: SavedRecord): Promise<boolean> {
    const row = this.rowOf(record);
    return retryContention(async () => {
      try {
        await this.models.ServerRecord.query().insert({ ...row, createdAtMilliseconds: row.updatedAtMilliseconds });
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    });
  }

  /**
   * Stores a record, or overwrites it. One that is void stays so: a request that had read a session before it ended
   * cannot bring it back. Resolves to whether it is stored.
   */
  async save(record: SavedRecord): Promise<boolean> {
    return (await this.update(record)) || (await this.insert(record)) || this.update(record);
  }

  /** Overwrites a record that is there. Resolves to whether there was one, and it is not void. */
  update(record: SavedRecord): Promise<boolean> {
    const { recordHash, kind, ...columns } = this.rowOf(record);
    return retryContention(async () => {
      const query = this.models.ServerRecord.query().where('kind', kind).where('record_hash', recordHash);
      return (await query.whereNull('revoked_at_ms').patch(columns)) === 1;
    });
  }

  /**
   * Stores a record in place of another one, which becomes void; both or neither. Resolves to `false`, with nothing
   * stored, if the other one is void already. Of any number of calls for one, exactly one resolves to `true`.
   */
  replace(replacedHash: Buffer, record: SavedRecord): Promise<boolean> {
    requireDigest(replacedHash, 'replacedHash');
    const row = this.rowOf(record);
    const { ServerRecord } = this.models;
    return retryContention(() =>
      ServerRecord.transaction(async (transaction) => {
        const replaced = await ServerRecord.query(transaction)
          .where('kind', record.kind)
          .where('record_hash', replacedHash)
          .whereNull('revoked_at_ms')
          .patch({
            revokedAtMilliseconds: row.updatedAtMilliseconds,
            updatedAtMilliseconds: row.updatedAtMilliseconds,
            payload: null,
          });
        if (replaced !== 1) return false;
        await ServerRecord.query(transaction).insert({ ...row, createdAtMilliseconds: row.updatedAtMilliseconds });
        return true;
      }),
    );
  }

  /** Marks a record as used. Of any number of calls for one record, exactly one resolves to `true`. */
  consume(kind: string, recordHash: Buffer): Promise<boolean> {
    requireDigest(recordHash, 'recordHash');
    return retryContention(async () => {
      const changed = await this.models.ServerRecord.query()
        .where('kind', kind)
        .where('record_hash', recordHash)
        .whereNull('consumed_at_ms')
        .whereNull('revoked_at_ms')
        .patch({ consumedAtMilliseconds: this.clock.nowMilliseconds() });
      return changed === 1;
    });
  }

  /** Makes a record void permanently: its content is removed, and it cannot be saved again. */
  revoke(kind: string, recordHash: Buffer): Promise<void> {
    requireDigest(recordHash, 'recordHash');
    const now = this.clock.nowMilliseconds();
    return retryContention(async () => {
      await this.models.ServerRecord.query()
        .where('kind', kind)
        .where('record_hash', recordHash)
        .whereNull('revoked_at_ms')
        .patch({ revokedAtMilliseconds: now, updatedAtMilliseconds: now, payload: null });
    });
  }

  delete(kind: string, recordHash: Buffer): Promise<void> {
    requireDigest(recordHash, 'recordHash');
    return retryContention(async () => {
      await this.models.ServerRecord.query().where('kind', kind).where('record_hash', recordHash).delete();
    });
  }

  private rowOf(record: SavedRecord) {
    const { kind, recordHash, uidHash = null, applicationId = null, userId = null, familyId = null } = record;
    return {
      kind,
      recordHash: requireDigest(recordHash, 'recordHash'),
      uidHash: uidHash === null ? null : requireDigest(uidHash, 'uidHash'),
      applicationId,
      userId: userId === null ? null : requireUserId(userId),
      familyId,
      expiresAtMilliseconds: record.expiresAtMilliseconds,
      updatedAtMilliseconds: this.clock.nowMilliseconds(),
      payload: record.payload ?? null,
      ...(record.begunAtMilliseconds !== undefined && { begunAtMilliseconds: record.begunAtMilliseconds }),
      ...(record.browser !== undefined && { browser: record.browser }),
      ...(record.address !== undefined && { address: record.address }),
    };
  }
}
