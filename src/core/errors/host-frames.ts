import { fileURLToPath } from 'node:url';

/** Where the code of this package is, as frames of ES modules and of CommonJS name it. */
const FOLDER = new URL('../../', import.meta.url);
const OWN = [FOLDER.href, fileURLToPath(FOLDER)];

/**
 * Leaves out of a stack what is inside this package: the message of a mistake at start-up names everything, and the first
 * frame that a reader sees is then the line of the host that made it.
 */
export function withoutOwnFrames(stack: string | undefined): string | undefined {
  return stack
    ?.split('\n')
    .filter((line) => !/^\s+at /.test(line) || !OWN.some((place) => line.includes(place)))
    .join('\n');
}
