import { createInterface } from 'node:readline/promises';
import type { Surroundings } from './cli-context.js';

/** Whether somebody sits at both ends: what is asked is seen, and what is answered was meant. */
export function isInteractive({ stdin, stderr }: Surroundings): boolean {
  return stdin?.isTTY === true && stderr.isTTY === true;
}

/**
 * Asks a question on stderr; everything but yes is no, the end of the input and Ctrl-C included.
 *
 * @param question without the hint of what may be answered
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
