import { ApplicationStage, type ApplicationStageOptions } from './application-stage.js';
import type { ImportContext, ImportStage } from './import-context.js';
import { SourceError, type SourceTable } from './source.js';

/** What an import is told, besides where to read. */
export interface DjangoImportOptions extends ApplicationStageOptions {}

/** Brings the data of a Django OAuth Toolkit, table by table. Rows that have come before are recognized and kept. */
export class DjangoImport {
  private constructor(
    private readonly stages: readonly ImportStage[],
    /** How many rows the stages read. */
    readonly total: number,
    private readonly signal: AbortSignal,
  ) {}

  /** @throws SourceError if a table of the source is missing */
  static async prepare(context: ImportContext, options: DjangoImportOptions): Promise<DjangoImport> {
    const applications = await tableOf(context, 'application');
    const total = await counted(applications);
    return new DjangoImport([new ApplicationStage(context, applications, options)], total, context.signal);
  }

  async run(): Promise<void> {
    for (const stage of this.stages) {
      if (this.signal.aborted) return;
      await stage.run();
    }
  }
}

async function tableOf({ source }: ImportContext, model: 'application'): Promise<SourceTable> {
  const table = await source.model(model);
  if (table === undefined) throw new SourceError(`the source has no table ${source.nameOf(model)}`);
  return table;
}

/** A count that takes too long is only missed by the display of the progress. */
function counted(table: SourceTable): Promise<number> {
  return table.count().catch(() => 0);
}
