import { columns } from '../../output.js';
import { type DjangoImportReport, ITEM_KINDS, type Remark } from './report.js';

/** The report for people. */
export function reportText(report: DjangoImportReport): string {
  const heading = ['', 'read', report.dry_run ? 'to import' : 'imported', 'here already', 'updated', 'left out'];
  const rows = ITEM_KINDS.map((kind) => {
    const { read, imported, present, updated, left_out } = report.counts[kind];
    return [kind.replaceAll('_', ' '), ...[read, imported, present, updated, left_out].map(String)];
  });
  return [
    columns([heading, ...rows]),
    ...section('Left out:', report.left_out),
    ...section('Different here:', report.differences),
    ...(report.dry_run ? ['', 'Nothing was written (--dry-run).'] : []),
  ].join('\n');
}

function section(title: string, remarks: readonly Remark[]): string[] {
  return remarks.length === 0 ? [] : ['', title, ...remarks.map(inWords)];
}

function inWords({ kind, count, explanation, names, more_names: more }: Remark): string {
  const what = `${count} ${(count === 1 ? kind.replace(/s$/, '') : kind).replaceAll('_', ' ')}`;
  const listed = names.length === 0 ? '' : `: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return `- ${what}${listed}\n    ${explanation}`;
}
