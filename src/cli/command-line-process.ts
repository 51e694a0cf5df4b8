/** Runs the command line as this process. Imported once, by `main.ts`. */
import { maskUrls } from '../core/options/index.js';
import { EXIT_CODES } from './exit-codes.js';
import { Output } from './output.js';
import { run } from './program.js';

/** A connection that other code left open must not keep the process alive; all output is written long before. */
const GRACE_MILLISECONDS = 1000;

const json = process.argv.includes('--json');

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader has closed the pipe (`| head`): the work continues without output.
  if (error.code === 'EPIPE') return;
  new Output(json, process.stdout, process.stderr).failure(
    'output_failed',
    `cannot write the result: ${error.message}`,
  );
  process.exit(EXIT_CODES.refused);
});
process.stderr.on('error', () => {});
process.on('uncaughtException', (error) => {
  new Output(json, process.stdout, process.stderr).failure('server_error', maskUrls(error.message));
  process.exit(EXIT_CODES.refused);
});

process.exitCode = await run(process.argv.slice(2), {
  // Bound here, because `routes` redirects the stdout of the module that it loads to stderr.
  stdout: { write: process.stdout.write.bind(process.stdout) },
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
});
setTimeout(() => process.exit(), GRACE_MILLISECONDS).unref();
