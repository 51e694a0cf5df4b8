import { printable } from '../../core/printable.js';
import type { ActionSummary } from '../../oauth2.js';
import { accessText } from './access-text.js';
import type { ListedRoute, RouteFinding, TableDifferences } from './compare-tables.js';

/** The formats of the table. */
export const FORMATS = ['table', 'markdown', 'json', 'openapi'] as const;
export type Format = (typeof FORMATS)[number];

const HEADINGS = ['Verb', 'Path', 'Requirement', 'Throttles', 'Public', 'Action'];

/** A table with lines, for a terminal and for logs. */
export async function linedTable(actions: readonly ActionSummary[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  // Plain text: the table is read in logs as often as on a terminal.
  const table = new Table({ head: HEADINGS, style: { head: [], border: [] } });
  for (const action of actions) table.push(cellsOf(action));
  return table.toString();
}

/** A table of Markdown, for a pull request or the documentation. */
export function markdownTable(actions: readonly ActionSummary[]): string {
  const rows = [HEADINGS, HEADINGS.map(() => '---'), ...actions.map((action) => cellsOf(action).map(markdownCell))];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellsOf(action: ActionSummary): string[] {
  const cells = [
    action.method.toUpperCase(),
    action.path,
    requirementOf(action),
    action.throttles.join(', '),
    action.public ? 'yes' : 'no',
    `${action.controller}.${action.action}`,
  ];
  return cells.map((cell) => cell.split('\n').map(printable).join('\n'));
}

function requirementOf(action: ActionSummary): string {
  const { declared, public: isPublic, requirementFrom, access, requirement } = action;
  if (!declared && !isPublic && requirement === '') return 'UNDECLARED';
  // An application may bring another version of the package, which says only the text.
  const text = access === undefined ? requirement : accessText(action);
  return requirementFrom === 'defaultRequirement' ? `${text} (default)` : text;
}

function markdownCell(text: string): string {
  return text.replace(/[\\|`*_<>[\]]/g, '\\$&').replaceAll('\n', '<br>');
}

/** What differs, in lines for people. */
export function differencesText({ findings, added, removed }: TableDifferences): string {
  return [
    ...section('Weaker guards', ofKind(findings, 'guard').map(findingText)),
    ...section('Weaker throttles', ofKind(findings, 'throttle').map(findingText)),
    ...section('New', added.map(routeText)),
    ...section('Removed', removed.map(routeText)),
    ...(findings.length === 0 ? ['No guard and no throttle is weaker.'] : []),
  ].join('\n');
}

/** The same as Markdown. */
export function differencesMarkdown(differences: TableDifferences): string {
  return differencesText(differences)
    .split('\n')
    .map((line) => {
      if (line.startsWith('  ')) return `- ${markdownCell(line.trim())}`;
      return line.endsWith(':') ? `**${line.slice(0, -1)}**\n` : line;
    })
    .join('\n');
}

export function ofKind(findings: readonly RouteFinding[], kind: RouteFinding['kind']): RouteFinding[] {
  return findings.filter((one) => one.kind === kind);
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${heading}:`, ...lines.map((line) => `  ${line}`), ''];
}

function findingText(finding: RouteFinding): string {
  return `${routeText(finding)}: ${printable(finding.text)}`;
}

function routeText({ method, path, action }: ListedRoute): string {
  return printable(`${method} ${path} (${action})`);
}
