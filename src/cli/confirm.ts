import { createInterface } from 'node:readline/promises';
import type { CliContext } from './cli-context.js';
import { CliError } from './cli-error.js';
import { EXIT_CODES } from './exit-codes.js';
import type { Surroundings } from './surroundings.js';

/** Whether both streams are terminals, so that a question is seen and the answer comes from a person. */
export function isInteractive({ stdin, stderr }: Surroundings): boolean {
  return stdin?.isTTY === true && stderr.isTTY === true;
}

/**
 * Asks a question on stderr. Everything but yes means no, including the end of the input and Ctrl-C.
 *
 * @param question without a hint at the possible answers
 */
export async function confirm(surroundings: Surroundings, question: string): Promise<boolean> {
  if (!isInteractive(surroundings)) return false;
  const lines = createInterface({ input: surroundings.stdin as NodeJS.ReadStream, output: surroundings.stderr });
  const ended = new Promise<string>((resolve) => {
    lines.once('close', () => resolve(''));
    lines.once('SIGINT', () => lines.close());
  });
  try {
    const answer = await Promise.race([lines.question(`${question} [y/N] `), ended]);
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    lines.close();
  }
}

/**
 * Asks before something is lost, unless `--yes` was given.
 *
 * @param nothing what has happened without confirmation, e.g. `nothing is deleted`
 * @throws CliError without confirmation, also where nobody can be asked
 */
export async function requireConfirmation(
  { output, surroundings }: Pick<CliContext, 'output' | 'surroundings'>,
  yes: boolean | undefined,
  question: string,
  nothing: string,
): Promise<void> {
  if (yes === true) return;
  if (output.json || !isInteractive(surroundings)) throw notConfirmed(`${nothing} without --yes; ${question}`);
  if (!(await confirm(surroundings, question))) throw notConfirmed(`${nothing}.`);
}

function notConfirmed(message: string): CliError {
  return new CliError(EXIT_CODES.refused, 'not_confirmed', message);
}
