import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Imports what a module of this repository in TypeScript exports; it is compiled first. */
export async function fromTypeScript(module) {
  const name = module.pathname.split('/').at(-1).replace(/\.ts$/, '');
  const outfile = fileURLToPath(new URL(`../../node_modules/.cache/bench/${name}-${process.pid}.mjs`, import.meta.url));
  await build({
    ...{ entryPoints: [fileURLToPath(module)], outfile, logLevel: 'error' },
    ...{ bundle: true, packages: 'external', platform: 'node', format: 'esm', target: 'node20', keepNames: true },
  });
  return import(outfile);
}
