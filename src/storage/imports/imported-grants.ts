import type { Transaction } from 'objection';
import { sha256 } from '../../core/digest.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import type { ServerRecord } from '../models/server-record.js';
import { GRANT_KIND } from '../repositories/server-record-repository.js';
import { insertRows } from './import-transaction.js';

/** What a family of tokens was granted. */
export interface ImportedGrant {
  readonly familyId: string;
  readonly applicationId: number;
  readonly clientId: string;
  readonly userId: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly createdAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
}

/** The JSON of a grant as the authorization server reads it; `before`: that of the grant that is extended. */
export type DescribeGrant = (grant: ImportedGrant, before: string | undefined) => string;

/** Below the size of a MEDIUMTEXT column of MySQL; a grant of one batch is shorter. */
const LONGEST_PAYLOAD = 8_000_000;

/** The grants of a batch. */
export class ImportedGrants {
  constructor(
    private readonly models: OAuth2Models,
    private readonly describe: DescribeGrant,
    private readonly dryRun: boolean,
  ) {}

  /**
   * The grants of families by family id, also void ones. They are locked, as by everything that issues tokens or revokes a
   * family, so that no token comes into a family that is being revoked.
   */
  async hold(
    familyIds: readonly string[],
    now: number,
    transaction: Transaction,
  ): Promise<ReadonlyMap<string, ServerRecord>> {
    const different = [...new Set(familyIds)];
    if (different.length === 0) return new Map();
    const grants = () =>
      this.models.ServerRecord.query(transaction)
        .where('kind', GRANT_KIND)
        .whereIn('record_hash', different.map(sha256));
    if (!this.dryRun) await grants().whereNull('revoked_at_ms').patch({ updatedAtMilliseconds: now });
    // Reads with a lock see the committed state, not that of the start of the transaction (InnoDB).
    const rows = await (this.dryRun ? grants() : grants().forUpdate());
    return new Map(rows.flatMap((row) => (row.familyId === null ? [] : [[row.familyId, row] as const])));
  }

  /** Stores new grants, and extends those that are here by what is granted in addition. */
  async store(
    grants: readonly ImportedGrant[],
    held: ReadonlyMap<string, ServerRecord>,
    now: number,
    transaction: Transaction,
  ): Promise<void> {
    if (this.dryRun) return;
    const { ServerRecord } = this.models;
    const inserts: object[] = [];
    for (const grant of grants) {
      const row = held.get(grant.familyId);
      if (row === undefined) inserts.push({ ...this.rowOf(grant), updatedAtMilliseconds: now });
      else {
        const payload = this.describe(grant, row.payload ?? undefined);
        if (payload !== row.payload && payload.length <= LONGEST_PAYLOAD)
          await ServerRecord.query(transaction).findById(row.id).patch({ payload });
      }
    }
    await insertRows(ServerRecord, inserts, transaction);
  }

  private rowOf(grant: ImportedGrant) {
    const { familyId, applicationId, userId, createdAtMilliseconds, expiresAtMilliseconds } = grant;
    return {
      kind: GRANT_KIND,
      recordHash: sha256(familyId),
      ...{ familyId, applicationId, userId, createdAtMilliseconds, expiresAtMilliseconds },
      payload: this.describe(grant, undefined),
    };
  }
}
