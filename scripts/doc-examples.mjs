// Checks the examples of README.md and docs/*.md as readers use them: code is compiled with TypeScript 5.9 and 7, programs are
// run, commands of rc-oauth2 and their options exist, JSON can be read. It needs a build.
//
//   node scripts/doc-examples.mjs [FILE.md...]     other files than README.md and docs/*.md, for tests
//
// A comment that nobody sees says what an example is part of, in the line before its block:
//
//   <!-- example: name=shop -->                 can be continued under this name
//   <!-- example: continues=shop -->            comes after that example of the same file, in a scope of its own
//   <!-- example: with=user,others -->          names that readers have: scripts/doc-examples/with/user.ts
//   <!-- example: inside=createOAuth2 -->       a part of something: scripts/doc-examples/inside/createOAuth2.ts
//   <!-- example: file=users -->                is the file `users.ts`, which other examples of the page import
//   <!-- example: run=serves -->                is run: `serves` until it answers a request, `ends` until it ends by itself
//
// A line `// …` inside an object stands for other options. What a block imports from `./` is in scripts/doc-examples/beside/.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { blocksOf } from './doc-examples/blocks.mjs';
import { checkCommands } from './doc-examples/commands.mjs';
import { compilePrograms } from './doc-examples/compile.mjs';
import { programsOf } from './doc-examples/programs.mjs';
import { runPrograms } from './doc-examples/run.mjs';
import { root } from './run.mjs';

/** Written by programs: what they show is compiled where it comes from. */
const GENERATED = new Set(['docs/api.md', 'docs/compliance.md']);

async function pages() {
  if (process.argv.length > 2) return process.argv.slice(2);
  const all = ['README.md', 'CONTRIBUTING.md'];
  for (const name of await readdir(join(root, 'docs'))) if (name.endsWith('.md')) all.push(`docs/${name}`);
  return all.filter((page) => !GENERATED.has(page)).sort();
}

const folder = join(root, `node_modules/.cache/routing-controllers-oauth2/doc-examples-${process.pid}`);
const problems = [];
const programs = [];
let commands = 0;
await mkdir(folder, { recursive: true });
try {
  for (const path of await pages()) {
    const text = await readFile(resolve(root, path), 'utf8');
    const blocks = blocksOf(path, text, problems);
    commands += await checkCommands(path, text, blocks, problems);
    programs.push(...(await programsOf(blocks, problems)));
  }
  problems.push(...(await compilePrograms(folder, programs)));
  if (problems.length === 0) problems.push(...(await runPrograms(folder, programs)));
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
} else {
  const runs = programs.filter(({ run }) => run !== undefined).length;
  console.log(`${programs.length} examples compile, ${runs} of them run, and ${commands} commands exist.`);
}
