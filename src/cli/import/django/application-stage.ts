import type { ImportedApplications } from '../../../storage/index.js';
import {
  APPLICATION_COLUMNS,
  type ApplicationMapping,
  isUsableClientId,
  type MappedApplication,
} from './application-mapping.js';
import { secretColumns } from './client-secret.js';
import type { ImportContext } from './import-context.js';
import { PagedStage } from './paged-stage.js';
import { APPLICATION_DIFFERENCES, APPLICATION_REFUSALS } from './reasons.js';
import type { SourceTable } from './source.js';
import type { SourceRow } from './source-values.js';

/** Brings the applications. One that is here already stays as it is. */
export class ApplicationStage extends PagedStage {
  constructor(
    context: ImportContext,
    table: SourceTable,
    private readonly imported: ImportedApplications,
    private readonly mapping: ApplicationMapping,
    private readonly updateApplications: boolean,
  ) {
    super(context, table, APPLICATION_COLUMNS);
  }

  protected override async bring(rows: readonly SourceRow[]): Promise<void> {
    const { users, report, signal } = this.context;
    const owners = await users.translate(rows.map((row) => row.user_id));
    const here = await this.imported.find(rows.map((row) => row.client_id).filter(isUsableClientId));
    report.count('applications', 'read', rows.length);
    for (const row of rows) {
      // Hashing secrets takes time: the signal is obeyed between two applications.
      if (signal.aborted) return;
      const mapped = this.mapping.map(row, row.user_id ? owners.get(row.user_id) : null);
      const stored = here.get(row.client_id ?? '');
      if ('refusal' in mapped && stored === undefined) {
        report.leaveOut('applications', mapped.refusal, APPLICATION_REFUSALS[mapped.refusal], row.client_id ?? '');
      } else if (stored === undefined) {
        await this.insert(mapped as MappedApplication);
      } else {
        await this.keep(stored, mapped);
      }
    }
  }

  private async insert(mapped: MappedApplication): Promise<void> {
    const { report, dryRun } = this.context;
    const { clientId } = mapped.application;
    const isNew = dryRun || (await this.imported.insert(await this.withSecret(mapped)));
    report.count('applications', isNew ? 'imported' : 'present');
    if (!isNew) return;
    for (const difference of mapped.differences) {
      report.differ('applications', difference, APPLICATION_DIFFERENCES[difference], clientId);
    }
  }

  private async keep(
    stored: Parameters<ImportedApplications['overwrite']>[0],
    mapped: MappedApplication | { readonly refusal: string },
  ): Promise<void> {
    const { report, dryRun } = this.context;
    const isNewer = !('refusal' in mapped) && mapped.updatedAtMilliseconds > stored.updatedAtMilliseconds;
    if (!isNewer) return report.count('applications', 'present');
    if (!this.updateApplications) {
      report.count('applications', 'present');
      const { changed_at_source: explanation } = APPLICATION_DIFFERENCES;
      return report.differ('applications', 'changed_at_source', explanation, stored.clientId);
    }
    const isChanged = dryRun || (await this.imported.overwrite(stored, await this.withSecret(mapped)));
    report.count('applications', isChanged ? 'updated' : 'present');
  }

  private async withSecret({ application, secret, createdAtMilliseconds, updatedAtMilliseconds }: MappedApplication) {
    return { ...application, secret: await secretColumns(secret), createdAtMilliseconds, updatedAtMilliseconds };
  }
}
