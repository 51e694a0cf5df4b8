import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { ProvidedServices } from './finder/provide-services.js';

/** Where the teardown, which runs in the same process, finds what the setup started. */
const PROVIDED = Symbol.for('routing-controllers-oauth2.test.services');

/** Finds or starts the services of the integration tests before any test runs. */
// biome-ignore lint/style/noDefaultExport: Jest takes the default export.
export default async function globalSetup(): Promise<void> {
  try {
    const provided = await loadFinder().provideServices();
    Object.assign(globalThis, { [PROVIDED]: provided });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'UnusableServiceError') throw error;
    // Thrown, the one line that says what to start would come out between a path and a stack.
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

interface Finder {
  provideServices(): Promise<ProvidedServices>;
}

/**
 * Jest translates this file alone and leaves its imports to Node, which does not find a TypeScript file behind a `.js`
 * specifier. So the finder is made into one file first; it takes some milliseconds.
 */
function loadFinder(): Finder {
  const folder = dirname(fileURLToPath(import.meta.url));
  const cache = join(folder, '../../node_modules/.cache/routing-controllers-oauth2');
  const file = join(cache, `finder-${process.pid}.cjs`);
  mkdirSync(cache, { recursive: true });
  try {
    buildSync({
      entryPoints: [join(folder, 'finder/provide-services.ts')],
      outfile: file,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'cjs',
      logLevel: 'error',
    });
    return createRequire(import.meta.url)(file) as Finder;
  } finally {
    rmSync(file, { force: true });
  }
}
