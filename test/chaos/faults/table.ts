import { writeBetweenMarks } from '../throttling/late/outcomes.js';
import { THROTTLE_LIMIT } from './protocol.js';
import type { Outcome } from './run-fault.js';

const HEAD = [
  'fault',
  'requests',
  'answered 503',
  'wrongly admitted',
  'valid ones refused',
  'other 5xx',
  'longest',
  'recovered after',
  'acknowledged writes lost',
  'policy exceeded by',
];

/** A table in Markdown, one row a fault. */
export function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ name, findings, recoverMilliseconds, exceeded, losses }) => [
    name,
    findings.answers,
    findings.unavailable,
    findings.wronglyAdmitted.length,
    findings.wronglyRefused.length,
    findings.otherErrors.length,
    seconds(findings.longestMilliseconds),
    seconds(recoverMilliseconds),
    findings.lostWrites.length,
    losses === 0 ? exceeded : `${exceeded} (bound ${losses * THROTTLE_LIMIT})`,
  ]);
  return [HEAD, HEAD.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Writes it into the guide for operators. */
export function writeTable(mark: string, outcomes: readonly Outcome[]): Promise<void> {
  return writeBetweenMarks('docs/operations.md', mark, table(outcomes));
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
