import { createInterface } from 'node:readline/promises';
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
