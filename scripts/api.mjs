// Writes docs/api.md: everything that users can import, with its signature, read from the compiled declarations. With
// --check it writes nothing, and fails if the file is not up to date. Either way it fails if a signature names a type of
// this package that no entry exports, or if an exported function or class has no example that compiles.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkExamples } from './api/examples.mjs';
import { openFace } from './api/face.mjs';
import { listing } from './api/listing.mjs';
import { reachable } from './api/reachable.mjs';
import { root } from './run.mjs';

const output = join(root, 'docs/api.md');
const face = await openFace();
const { missing, helpers } = reachable(face);
const page = listing(face, helpers);
const problems = [];
if (missing.length > 0) problems.push(`Types in public signatures that no entry exports:\n${missing.join('\n')}`);
if (!process.argv.includes('--check')) await writeFile(output, page);
else if ((await readFile(output, 'utf8').catch(() => '')) !== page) {
  problems.push('docs/api.md is not up to date: run npm run api, and review what users see of the change.');
}
problems.push(...(await checkExamples(face)));
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
}
