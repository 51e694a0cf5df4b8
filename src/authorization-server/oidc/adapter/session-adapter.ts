import type { AdapterPayload } from 'oidc-provider';
import type { Clock } from '../../../core/clock.js';
import { sha256 } from '../../../core/digest.js';
import type { SavedRecord, ServerRecordRepository, SessionRepository } from '../../../storage/index.js';
import type { Sealer } from '../../keys/sealer.js';
import { type SessionMembers, sessionHasEnded } from '../session-members.js';
import type { ApplicationIds } from './application-ids.js';
import { RecordAdapter } from './record-adapter.js';

type SessionPayload = AdapterPayload & SessionMembers;

/**
 * Browser sessions. A session that was ended stays ended, even if a request had read it, was renaming it or was about
 * to create it.
 */
export class SessionAdapter extends RecordAdapter {
  constructor(
    records: ServerRecordRepository,
    applications: ApplicationIds,
    sealer: Sealer,
    private readonly sessions: SessionRepository,
    private readonly clock: Clock,
  ) {
    super('Session', records, applications, sealer);
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    return this.unlessOver(await super.find(id));
  }

  override async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.unlessOver(await super.findByUid(uid));
  }

  /** @throws LoginRequired if the session has ended meanwhile, so that the result of this request is not used */
  override async upsert(id: string, payload: AdapterPayload): Promise<void> {
    const { replaces, isNew, ...rest } = payload as SessionPayload;
    const record = this.recordOf(id, rest, null);
    if (!(await this.write(record, replaces, isNew))) throw sessionHasEnded();
    if (record.userId === null || record.userId === undefined || record.uidHash === null) return;
    if (replaces === undefined && isNew !== true) return;
    const begun = { uidHash: record.uidHash as Buffer, userId: record.userId, mark: rest.signInMark ?? 0 };
    if (!(await this.sessions.hasEnded(begun))) return;
    await this.records.revoke('Session', record.recordHash);
    throw sessionHasEnded();
  }

  override destroy(id: string): Promise<void> {
    return this.records.revoke('Session', sha256(id));
  }

  protected override recordOf(id: string, payload: SessionPayload, applicationId: number | null): SavedRecord {
    const { begunAt, browser = null, address = null } = payload;
    return {
      ...super.recordOf(id, payload, applicationId),
      begunAtMilliseconds: begunAt === undefined ? null : begunAt * 1000,
      browser,
      address,
    };
  }

  /** To the second; oidc-provider allows for differing clocks, as it must for objects signed by others. */
  private unlessOver(payload: AdapterPayload | undefined): AdapterPayload | undefined {
    return payload?.exp !== undefined && payload.exp * 1000 <= this.clock.nowMilliseconds() ? undefined : payload;
  }

  private write(record: SavedRecord, replaces: string | undefined, isNew: boolean | undefined): Promise<boolean> {
    if (replaces !== undefined) return this.records.replace(sha256(replaces), record);
    if (isNew === undefined) return this.records.save(record);
    return isNew ? this.records.insert(record) : this.records.update(record);
  }
}
