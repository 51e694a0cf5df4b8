import type { OAuth2Services } from '../../../services.js';
import type { ReportBuilder } from './report.js';
import type { DjangoSource } from './source.js';
import type { UserIds } from './user-ids.js';

/** What every stage of an import works with. */
export interface ImportContext {
  readonly source: DjangoSource;
  readonly target: Pick<OAuth2Services, 'models' | 'tokens' | 'knex'>;
  readonly users: UserIds;
  readonly report: ReportBuilder;
  /** Whether nothing is written. */
  readonly dryRun: boolean;
  /** How many rows are read, and written in one transaction. */
  readonly batchSize: number;
  /** Stops between two batches when aborted. */
  readonly signal: AbortSignal;
  /** Revokes a token, by its digest. */
  revoke(tokenHash: Buffer): Promise<void>;
  /** Called with the number of rows of each batch. */
  advance(rows: number): void;
}

/** A part of an import, which reads a table from its beginning to its end. */
export interface ImportStage {
  /** Called before any stage runs. */
  begin?(): Promise<void>;
  run(): Promise<void>;
}
