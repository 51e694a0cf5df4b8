import type { ImportContext, ImportStage } from './import-context.js';
import type { SourceTable } from './source.js';
import { digestOf, type SourceRow } from './source-values.js';

/** A stage that reads a table page by page, and never holds more than a page. */
export abstract class PagedStage implements ImportStage {
  constructor(
    protected readonly context: ImportContext,
    protected readonly table: SourceTable,
    private readonly columns: readonly string[],
  ) {}

  async run(): Promise<void> {
    const { signal, batchSize } = this.context;
    let after: string | undefined;
    while (!signal.aborted) {
      const rows = await this.table.page(this.columns, after, batchSize);
      const last = rows.at(-1)?.id;
      if (!last) return;
      after = last;
      await this.bring(rows);
      this.context.advance(rows.length);
    }
  }

  /** Imports the rows of a page. */
  protected abstract bring(rows: readonly SourceRow[]): Promise<void>;
}

/**
 * The columns of which the digest of a token is made. The text of a token is read only where there is no checksum.
 */
export function digestColumns(table: SourceTable): readonly string[] {
  return [table.columns.has('token_checksum') ? 'token_checksum' : 'token'];
}

/** The rows with the text of their tokens, where a row has no checksum although there is a column. */
export async function withDigests(
  table: SourceTable,
  rows: readonly SourceRow[],
): Promise<readonly (SourceRow & { readonly digest: Buffer | undefined })[]> {
  const without = rows.flatMap((row) => (digestOf(row) === undefined && row.id ? [row.id] : []));
  const found = await table.findAll(['token'], 'id', without);
  const texts = new Map(found.map(({ id, token }) => [id, token]));
  return rows.map(({ token, ...row }) => {
    const text = token ?? texts.get(row.id);
    return Object.assign({ ...row } as SourceRow, { digest: digestOf({ ...row, token: text }) });
  });
}
