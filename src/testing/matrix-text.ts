import type { MatrixCell, MatrixRow } from './matrix-row.js';

/**
 * The matrix as a text in columns: one line for each action, and its requirement at the end. The same rows give the same
 * text, in every locale.
 */
export function matrixText(callers: readonly string[], rows: readonly MatrixRow[]): string {
  const header = ['action', ...callers, 'requires'];
  const lines = rows.map(({ method, path, cells, requirement }) => [
    `${method.padEnd(METHOD_WIDTH)} ${path}`,
    ...callers.map((name) => cellText(cells[name] as MatrixCell)),
    requirement === '' ? 'nothing: public' : requirement,
  ]);
  const widths = header.map((_, column) =>
    Math.max(...[header, ...lines].map((line) => (line[column] as string).length)),
  );
  const written = [header, ...lines].map((line) =>
    line
      .map((text, column) => text.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd(),
  );
  return written.join('\n');
}

/** That of `OPTIONS` and `DELETE`, or nearly. */
const METHOD_WIDTH = 6;

function cellText({ allowed, status }: MatrixCell): string {
  return allowed ? 'yes' : String(status);
}
