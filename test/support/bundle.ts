import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Compiles a module that tests run as a process of its own, and answers the path of the result: where the packages that
 * it needs can be found from.
 */
export async function bundle(entry: URL, name: string): Promise<string> {
  const file = `${name}-${process.pid}-${randomBytes(4).toString('hex')}.mjs`;
  const outfile = fileURLToPath(new URL(`../../node_modules/.cache/tests/${file}`, import.meta.url));
  await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // Classes of errors are told by their names, also where one refers to itself.
    keepNames: true,
    outfile,
    logLevel: 'error',
  });
  return outfile;
}
