import { maskUrls } from '../core/options/index.js';
import { printable } from '../core/printable.js';

/** Writes the output of a command. Results go to stdout; errors, notes and progress go to stderr. */
export class Output {
  constructor(
    /** Whether the result is one JSON object instead of text. */
    readonly json: boolean,
    private readonly stdout: { write(text: string): unknown },
    private readonly stderr: { write(text: string): unknown },
  ) {}

  /** Prints the result, once per run: `value` with `--json`, otherwise `text`. */
  result(value: object, text: string): void {
    this.stdout.write(`${this.json ? JSON.stringify(value) : text}\n`);
  }

  /** Prints a note for a person besides the result; nothing with `--json`. */
  note(message: string): void {
    if (!this.json) this.stderr.write(`${maskUrls(message)}\n`);
  }

  /** Reports why the command failed: one line, or one JSON object. */
  failure(code: string, description: string): void {
    const line = printable(description.replace(/\s*[\r\n]+\s*/g, ' ').trim());
    this.stderr.write(
      this.json ? `${JSON.stringify({ error: code, error_description: line })}\n` : `rc-oauth2: ${line}\n`,
    );
  }
}

/** Formats text in columns, padded with spaces; the first row is the heading. */
export function columns(cells: readonly (readonly string[])[]): string {
  // Some values were written by strangers: none may break its line or send control sequences to the terminal.
  const rows = cells.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
