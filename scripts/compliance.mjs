// Writes docs/compliance.md: which tests prove which line of the checklist, read off the tags in their names, such as
// "[RS-7 §3.1] …". With --check it writes nothing and fails if the file is not up to date, or a line has no test.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'docs/compliance.md');
const checklist = JSON.parse(await readFile(join(root, 'test/checklist.json'), 'utf8'));

/** The first argument of a call, if it is a text that begins with a bracket: the title of a test, however it is made. */
const TITLE = /\(\s*(['"`])(\[[^\]]*\](?:\\.|(?!\1).)*)\1\s*,/gs;
const TAG = /\b(AS|RS|TH|ALL)-(\d+)(?:\.\.(\d+))?/g;

async function testFiles(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  const nested = await Promise.all(
    entries.filter((one) => one.isDirectory()).map((one) => testFiles(join(folder, one.name))),
  );
  return [
    ...entries.filter((one) => one.name.endsWith('.test.ts')).map((one) => join(folder, one.name)),
    ...nested.flat(),
  ];
}

function tagsOf(title) {
  const bracket = /^\[([^\]]*)\]/.exec(title)?.[1] ?? '';
  return [...bracket.matchAll(TAG)].flatMap(([, area, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => `${area}-${Number(first) + index}`),
  );
}

const proofs = new Map(Object.keys(checklist).map((line) => [line, []]));
for (const file of (await testFiles(join(root, 'test'))).sort()) {
  for (const [, , title] of (await readFile(file, 'utf8')).matchAll(TITLE)) {
    for (const tag of tagsOf(title)) {
      proofs
        .get(tag)
        ?.push(`${title.replace(/^\[[^\]]*\]\s*/, '').replace(/\|/g, '\\|')} (\`${relative(root, file)}\`)`);
    }
  }
}

const rows = [...proofs].map(([line, tests]) => `| ${line} | ${checklist[line]} | ${tests.join('<br>')} |`);
const page = `# Compliance

Each line of the security and reliability checklist that this version covers, and the tests that prove it. This file is
made by \`npm run compliance\` from the tags in the names of tests.

| line | rule | tests |
|---|---|---|
${rows.join('\n')}
`;

const missing = [...proofs].filter(([, tests]) => tests.length === 0).map(([line]) => line);
if (missing.length > 0) {
  console.error(`No test is tagged with ${missing.join(', ')}.`);
  process.exitCode = 1;
}
if (process.argv.includes('--check')) {
  const present = await readFile(output, 'utf8').catch(() => '');
  if (present !== page) {
    console.error('docs/compliance.md is not up to date: run npm run compliance.');
    process.exitCode = 1;
  }
} else {
  await writeFile(output, page);
}
