import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The folder of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** The path of a development tool of the repository. */
export const tool = (name) => join(root, 'node_modules/.bin', name);

/**
 * Runs a program to its end, without input, and gives its standard output.
 *
 * @throws Error with all of its output if it does not exit with 0
 */
export async function run(command, parameters, options = {}) {
  try {
    const running = promisify(execFile)(command, parameters, { cwd: root, maxBuffer: 64 * 1024 * 1024, ...options });
    running.child.stdin?.end();
    return (await running).stdout;
  } catch (error) {
    const output = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim();
    throw new Error(
      `${[command, ...parameters].join(' ')} failed${error.code === undefined ? '' : ` (${error.code})`}:\n${output || error.message}`,
      {
        cause: error,
      },
    );
  }
}
