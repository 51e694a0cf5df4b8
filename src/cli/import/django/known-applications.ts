import type { ImportedApplications } from '../../../storage/index.js';
import { APPLICATION_COLUMNS, type ApplicationMapping, isUsableClientId } from './application-mapping.js';
import type { SourceTable } from './source.js';
import { flagOf, type SourceRow } from './source-values.js';

/** An application that tokens belong to. */
export interface KnownApplication {
  /** Its client identifier, as it is at the source. */
  readonly clientId: string;
  /** What tokens are stored with; `undefined` if it is not here. */
  readonly here: { readonly id: number; readonly clientId: string; readonly skipsConsent: boolean } | undefined;
}

/** How many applications are remembered. */
const CAPACITY = 10_000;

/** Finds the applications of tokens by their keys at the source. */
export class KnownApplications {
  private readonly known = new Map<string, KnownApplication>();

  constructor(
    private readonly table: SourceTable,
    private readonly imported: ImportedApplications,
    private readonly mapping: ApplicationMapping,
    private readonly dryRun: boolean,
  ) {}

  /** The applications with these keys; those that the source does not have are missing. */
  async find(keys: readonly (string | null | undefined)[]): Promise<ReadonlyMap<string, KnownApplication>> {
    const wanted = [...new Set(keys.flatMap((key) => (key ? [key] : [])))];
    if (this.known.size > CAPACITY) this.forget();
    const missing = wanted.filter((key) => !this.known.has(key));
    if (missing.length > 0) await this.load(missing);
    return new Map(
      wanted.flatMap((key) => {
        const application = this.known.get(key);
        return application === undefined ? [] : [[key, application] as const];
      }),
    );
  }

  /** Forgets what it knows, since an application was deleted here. */
  forget(): void {
    this.known.clear();
  }

  private async load(keys: readonly string[]): Promise<void> {
    const rows = await this.table.findAll(APPLICATION_COLUMNS, 'id', keys);
    const here = await this.imported.find(rows.map((row) => row.client_id).filter(isUsableClientId));
    for (const row of rows) {
      const { id, client_id: clientId } = row;
      if (typeof id !== 'string' || typeof clientId !== 'string') continue;
      const stored = here.get(clientId);
      const described = stored
        ? { id: stored.id, clientId, skipsConsent: stored.skipAuthorization }
        : this.supposed(row, clientId);
      this.known.set(id, { clientId, here: described });
    }
  }

  /** What would be here; a row id that no row has distinguishes it from others. */
  private supposed(row: SourceRow, clientId: string): KnownApplication['here'] {
    if (!this.dryRun || 'refusal' in this.mapping.map(row, null)) return undefined;
    return { id: -Number(row.id) || -1, clientId, skipsConsent: flagOf(row.skip_authorization) ?? false };
  }
}
