import type { AdapterPayload } from 'oidc-provider';
import { sha256 } from '../../../core/digest.js';
import type { SavedRecord, ServerRecordRepository } from '../../../storage/index.js';
import type { Sealer } from '../../keys/sealer.js';
import type { ApplicationIds } from './application-ids.js';
import type { Families } from './families.js';
import { familyIdOf, invalidGrant } from './payloads.js';
import { RecordAdapter } from './record-adapter.js';

/**
 * Grants: what a user allowed an application in one authorization. A grant and its family of tokens have the same life.
 */
export class GrantAdapter extends RecordAdapter {
  constructor(
    records: ServerRecordRepository,
    applications: ApplicationIds,
    sealer: Sealer,
    private readonly families: Families,
  ) {
    super('Grant', records, applications, sealer);
  }

  override async upsert(id: string, payload: AdapterPayload): Promise<void> {
    if (await this.save(id, payload)) return;
    throw invalidGrant('the grant is revoked');
  }

  override destroy(id: string): Promise<void> {
    return this.families.revoke(familyIdOf(id));
  }

  protected override recordOf(id: string, payload: AdapterPayload, applicationId: number | null): SavedRecord {
    const { sessionUid, ...rest } = payload as AdapterPayload & { readonly sessionUid?: string };
    const uidHash = sessionUid === undefined ? null : sha256(sessionUid);
    return { ...super.recordOf(id, rest, applicationId), familyId: familyIdOf(id), uidHash };
  }
}
