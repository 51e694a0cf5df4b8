// Writes docs/api.md: everything that users can import, with its signature, read from the compiled declarations. With
// --check it writes nothing, and fails if the file is not up to date. Either way it fails if a signature names a type of
// this package that no entry exports.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFace } from './api/face.mjs';
import { listing } from './api/listing.mjs';
import { reachable } from './api/reachable.mjs';
import { root } from './run.mjs';

const output = join(root, 'docs/api.md');
const face = await openFace();
const { missing, helpers } = reachable(face);
if (missing.length > 0) {
  console.error(`Types in public signatures that no entry exports:\n${missing.join('\n')}`);
  process.exitCode = 1;
}
const page = listing(face, helpers);
if (process.argv.includes('--check')) {
  if ((await readFile(output, 'utf8').catch(() => '')) !== page) {
    console.error('docs/api.md is not up to date: run npm run api, and review what users see of the change.');
    process.exitCode = 1;
  }
} else await writeFile(output, page);
