import type { AdapterPayload } from 'oidc-provider';
import { sha256 } from '../../../core/digest.js';
import type { SavedRecord, ServerRecord, ServerRecordRepository } from '../../../storage/index.js';
import { SealedValueError, type Sealer } from '../../keys/sealer.js';
import { errors } from '../oidc-provider.js';
import type { ApplicationIds } from './application-ids.js';
import { BaseAdapter } from './base-adapter.js';
import { consumedAt, parsedPayload } from './payloads.js';

/**
 * Kinds whose payload is encrypted as a whole: a session contains its CSRF secret and names, an interaction the
 * session's cookie and the device code, a pushed request whatever the application knows about its user.
 */
const SEALED: ReadonlySet<string> = new Set(['Session', 'Interaction', 'PushedAuthorizationRequest']);

/**
 * Sessions, interactions, pushed authorization requests and registration tokens: everything in the table of records.
 */
export class RecordAdapter extends BaseAdapter {
  constructor(
    protected readonly kind: string,
    protected readonly records: ServerRecordRepository,
    protected readonly applications: ApplicationIds,
    private readonly sealer: Sealer,
  ) {
    super();
  }

  override async upsert(id: string, payload: AdapterPayload): Promise<void> {
    await this.save(id, payload);
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const record = await this.records.find(this.kind, sha256(id));
    return record && this.payloadOf(record, id);
  }

  override async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    if (typeof uid !== 'string') return undefined;
    const record = await this.records.findByUid(this.kind, sha256(uid));
    return record && this.payloadOf(record);
  }

  override async consume(id: string): Promise<void> {
    if (await this.records.consume(this.kind, sha256(id))) return;
    // RFC 9126 §4: a request URI can be used once.
    throw new errors.InvalidRequestUri('request_uri is invalid, expired, or was already used');
  }

  override destroy(id: string): Promise<void> {
    return this.records.delete(this.kind, sha256(id));
  }

  /** Stores the record; resolves to whether it was stored. */
  protected save(id: string, payload: AdapterPayload): Promise<boolean> {
    const { clientId } = payload;
    if (clientId === undefined) return this.records.save(this.recordOf(id, payload, null));
    return this.applications.with(clientId, (applicationId) =>
      this.records.save(this.recordOf(id, payload, applicationId)),
    );
  }

  protected recordOf(id: string, payload: AdapterPayload, applicationId: number | null): SavedRecord {
    const { uid, accountId, exp } = payload;
    const recordHash = sha256(id);
    return {
      kind: this.kind,
      recordHash,
      uidHash: uid === undefined ? null : sha256(uid),
      applicationId,
      userId: accountId ?? null,
      expiresAtMilliseconds: exp === undefined ? null : exp * 1000,
      payload: this.written(recordHash, id, payload),
    };
  }

  protected payloadOf(record: ServerRecord, id?: string): AdapterPayload | undefined {
    const payload = parsedPayload(this.read(record));
    if (payload === undefined || Object.keys(payload).length === 0) return undefined;
    return {
      ...payload,
      kind: this.kind,
      ...(id !== undefined && { jti: id }),
      ...consumedAt(record.consumedAtMilliseconds),
    };
  }

  private written(recordHash: Buffer, id: string, payload: AdapterPayload): string {
    if (SEALED.has(this.kind)) {
      // With its identifier, because a session is also found by its second one.
      return this.sealer.seal(JSON.stringify({ ...payload, jti: id }), this.contextOf(recordHash));
    }
    const { jti: _, ...rest } = payload;
    return JSON.stringify(rest);
  }

  private read(record: ServerRecord): string | null {
    if (!SEALED.has(this.kind) || record.payload === null) return record.payload;
    try {
      return this.sealer.open(record.payload, this.contextOf(record.recordHash));
    } catch (error) {
      // Encrypted under a removed key: the owner has to begin again.
      if (error instanceof SealedValueError) return null;
      throw error;
    }
  }

  private contextOf(recordHash: Buffer): string {
    return `${this.kind}:${recordHash.toString('hex')}`;
  }
}
