import type { Transaction } from 'objection';
import { formatScope, parseScope } from '../../core/scopes.js';
import type { Consent } from '../models/consent.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import { insertRows } from './import-transaction.js';

/** The consent that a token of another server implies. */
export interface ImpliedConsent {
  readonly userId: string;
  readonly applicationId: number;
  readonly scopes: readonly string[];
  /** Whether the user was not asked, because the application skips consent. */
  readonly unasked: boolean;
}

/** How many consents were added, and how many got more scopes. */
export interface ConsentCounts {
  readonly inserted: number;
  readonly extended: number;
}

type Columns = Pick<Consent, 'scope'> & { unaskedScope: string | null };

/** Below the size of a TEXT column of MySQL, in bytes. Scopes beyond it are asked for again. */
const LONGEST_SCOPE = 65_000;

/** With a dry run, how many consents are remembered that would be there; beyond that they are counted again. */
const MOST_REMEMBERED = 50_000;

/** Adds the consents that imported tokens imply to those that are here. */
export class ImportedConsents {
  /** The consents that a dry run would have stored. */
  private readonly supposed = new Map<string, Columns>();

  constructor(
    private readonly models: OAuth2Models,
    private readonly dryRun: boolean,
  ) {}

  async add(implied: readonly ImpliedConsent[], now: number, transaction: Transaction): Promise<ConsentCounts> {
    const { Consent } = this.models;
    const wanted = new Map<string, ImpliedConsent[]>();
    for (const consent of implied) {
      if (consent.scopes.length === 0) continue;
      const key = keyOf(consent);
      wanted.set(key, [...(wanted.get(key) ?? []), consent]);
    }
    if (wanted.size === 0) return { inserted: 0, extended: 0 };
    const stored = await this.storedOf([...wanted.values()].flat(), transaction);
    const inserts: object[] = [];
    let extended = 0;
    for (const [key, consents] of wanted) {
      const { userId, applicationId } = consents[0] as ImpliedConsent;
      const row = stored.get(key);
      const before: Columns = row
        ? { scope: row.scope, unaskedScope: row.unaskedScope }
        : (this.supposed.get(key) ?? { scope: '', unaskedScope: null });
      const columns = mergedColumns(before, consents);
      if (columns.scope === before.scope && columns.unaskedScope === before.unaskedScope) continue;
      if (row !== undefined || this.supposed.has(key)) extended += 1;
      else inserts.push({ userId, applicationId, ...columns, createdAtMilliseconds: now, updatedAtMilliseconds: now });
      if (this.dryRun) this.suppose(key, columns);
      else if (row !== undefined) {
        await Consent.query(transaction)
          .findById(row.id)
          .patch({ ...columns, updatedAtMilliseconds: now });
      }
    }
    if (!this.dryRun) await insertRows(Consent, inserts, transaction);
    return { inserted: inserts.length, extended };
  }

  private suppose(key: string, columns: Columns): void {
    if (this.supposed.size < MOST_REMEMBERED) this.supposed.set(key, columns);
  }

  private async storedOf(
    consents: readonly ImpliedConsent[],
    transaction: Transaction,
  ): Promise<ReadonlyMap<string, Consent>> {
    const users = [...new Set(consents.map(({ userId }) => userId))];
    const applications = [...new Set(consents.map(({ applicationId }) => applicationId))];
    const rows = await this.models.Consent.query(transaction)
      .whereIn('user_id', users)
      .whereIn('application_id', applications)
      .modify((query) => {
        // Reads with a lock see the committed state, not that of the start of the transaction (InnoDB).
        if (!this.dryRun) query.forUpdate();
      });
    return new Map(rows.map((row) => [keyOf(row), row]));
  }
}

function keyOf({ userId, applicationId }: { readonly userId: string; readonly applicationId: number }): string {
  return `${applicationId} ${userId}`;
}

function mergedColumns(before: Columns, consents: readonly ImpliedConsent[]): Columns {
  const merged = (column: string | null, unasked: boolean) => {
    let scope = column ?? '';
    for (const consent of consents.filter((one) => one.unasked === unasked)) {
      const more = formatScope(new Set([...parseScope(scope), ...consent.scopes]));
      if (more.length <= LONGEST_SCOPE) scope = more;
    }
    return scope;
  };
  const unaskedScope = merged(before.unaskedScope, true);
  return { scope: merged(before.scope, false), unaskedScope: unaskedScope === '' ? before.unaskedScope : unaskedScope };
}
