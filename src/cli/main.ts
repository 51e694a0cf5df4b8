#!/usr/bin/env node
import module from 'node:module';
import { EXIT_CODES } from './exit-codes.js';
import { packageVersion } from './package-version.js';

const [first, ...rest] = process.argv.slice(2);

if (first === '--version' && rest.length === 0) {
  answer(packageVersion());
} else {
  // Node 22 and newer keep what they have compiled, so that the next command starts sooner.
  (module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
  await import('./command-line-process.js');
}

/** Prints what is known without loading anything else. */
function answer(text: string): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.stderr.write(`rc-oauth2: cannot write the result: ${error.message}\n`);
    process.exitCode = EXIT_CODES.refused;
  });
  process.stdout.write(`${text}\n`);
}
