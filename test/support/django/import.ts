import { type Finished, resultOf, runCli } from '../cli/run-cli.js';

/** What is read of the report of an import. */
export interface DjangoReport {
  readonly dry_run: boolean;
  readonly interrupted: boolean;
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly left_out: readonly DjangoRemark[];
  readonly differences: readonly DjangoRemark[];
}

interface DjangoRemark {
  readonly kind: string;
  readonly reason: string;
  readonly count: number;
  readonly names: readonly string[];
}

/** Runs `rc-oauth2 import django`. */
export function runDjangoImport(from: string, to: string, ...options: string[]): Promise<Finished> {
  return runCli(['import', 'django', '--from', from, ...options], { env: { DATABASE_URL: to } });
}

/** Imports, and answers the report. */
export async function importDjango(from: string, to: string, ...options: string[]): Promise<DjangoReport> {
  return resultOf(await runDjangoImport(from, to, ...options, '--json')) as unknown as DjangoReport;
}

/** The names by the reason. */
export function namesByReason(remarks: DjangoReport['left_out']): Record<string, readonly string[]> {
  return Object.fromEntries(remarks.map(({ reason, names }) => [reason, names]));
}

/** How many of a kind there are by the reason. */
export function countsByReason(remarks: DjangoReport['left_out'], kind: string): Record<string, number> {
  return Object.fromEntries(remarks.flatMap((one) => (one.kind === kind ? [[one.reason, one.count]] : [])));
}
