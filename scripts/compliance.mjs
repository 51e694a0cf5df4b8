// Writes docs/compliance.md: which tests prove which line of the checklist, read off the tags in their titles, such as
// "[RS-7 §3.1] …". A tag of a `describe` counts for all tests in it.
//   --check           writes nothing, and fails if the file is not up to date, a tag names no line, or the site does not say
//                     which setting decides on a line
//   --passed FILE...  also fails unless each of these tests passed in the run that Jest wrote FILE about (--json)
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readTestTitles } from './test-titles.mjs';

const AREAS = {
  RS: 'Resource server',
  AS: 'Authorization server',
  TH: 'Throttling',
  IM: 'Import',
  TY: 'Types and examples',
  ALL: 'Everywhere',
};
const TAG = /\b(AS|RS|TH|IM|TY|ALL)-(\d+)(?:\.\.(\d+))?/g;
/** Some rows contain kilobytes of hostile input. */
const LONGEST_TITLE = 160;

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'docs/compliance.md');
const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean' }, passed: { type: 'boolean' } },
  allowPositionals: true,
});

const checklist = JSON.parse(await readFile(join(root, 'test/checklist.json'), 'utf8'));
const tests = (await readTestTitles(root))
  .map((test) => ({ ...test, lines: linesOf(test) }))
  .filter(({ lines }) => lines.size > 0);

const problems = [...unknownTags(), ...(await linesWithoutSetting())];
const page = pageOf();
if (values.check || values.passed) {
  const present = await readFile(output, 'utf8').catch(() => '');
  if (present !== page) problems.push('docs/compliance.md is not up to date: run npm run compliance.');
} else {
  await writeFile(output, page);
}
if (values.passed) problems.push(...(await notPassed(positionals)));
for (const problem of problems) console.error(problem);
// Exits explicitly, because modules of the tests may have started timers.
process.exit(problems.length > 0 ? 1 : 0);

function linesOf({ blocks, title }) {
  return new Set([...blocks.map((block) => block.title), title].flatMap(tagsOf));
}

function tagsOf(title) {
  const bracket = /^\[([^\]]*)\]/.exec(title)?.[1] ?? '';
  return [...bracket.matchAll(TAG)].flatMap(([, area, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => `${area}-${Number(first) + index}`),
  );
}

function unknownTags() {
  return tests.flatMap(({ file, lines }) =>
    [...lines].filter((line) => !(line in checklist)).map((line) => `${file}: ${line} is not in test/checklist.json.`),
  );
}

/** The site has a page of all lines, each with the setting that decides on it. */
async function linesWithoutSetting() {
  const settings = JSON.parse(await readFile(join(root, 'site/security-settings.json'), 'utf8'));
  return [...Object.keys(checklist), ...Object.keys(settings)]
    .filter((line) => checklist[line] === undefined || settings[line] === undefined)
    .map(
      (line) =>
        `${line} is not both in test/checklist.json and in site/security-settings.json ("always", or the option).`,
    );
}

function pageOf() {
  const isOpen = (line) => !tests.some(({ lines }) => lines.has(line));
  const areas = Object.entries(AREAS).map(([area, name]) => {
    const lines = Object.keys(checklist).filter((line) => line.startsWith(`${area}-`));
    const inOrder = lines.sort((left, right) => numberOf(left) - numberOf(right));
    return `## ${name}\n\n${inOrder.map(sectionOf).join('\n')}`;
  });
  const open = Object.keys(checklist).filter(isOpen).map(headingOf);
  return `# Compliance

Each line of the security and reliability checklist, and the tests that prove it. This file is made by
\`npm run compliance\` from the tags in the titles of the tests; rows of tables are spelt out.

## Open lines

${open.length === 0 ? 'None: each line has a test.' : `No test is tagged with these:\n\n${open.map((line) => `- ${line}`).join('\n')}`}

${areas.join('\n')}`;
}

function numberOf(line) {
  return Number(line.split('-')[1]);
}

function headingOf(line) {
  return `${line}: ${escaped(checklist[line])}`;
}

function sectionOf(line) {
  const proofs = tests.filter(({ lines }) => lines.has(line));
  const groups = new Map();
  for (const test of proofs) {
    const place = placeOf(test);
    groups.set(place, [...(groups.get(place) ?? []), test]);
  }
  const lists = [...groups].map(([place, group]) => {
    const titles = new Set(group.map(({ title }) => shortened(withoutTag(title))));
    return `- ${place}\n${[...titles].map((title) => `  - ${escaped(title)}\n`).join('')}`;
  });
  return `### ${headingOf(line)}\n\n${proofs.length === 0 ? 'Open: no test yet.\n' : lists.join('')}`;
}

/** The file of a test, and the blocks around it; the rows of a block's own table are named once for all. */
function placeOf({ file, blocks }) {
  const names = blocks.map((block, depth) => withoutTag(namedWithItsRows(file, blocks, block, depth)));
  return [`\`${file}\``, ...names.map((name) => escaped(shortened(name)))].join(', ');
}

/** `of a user (sqlite)` and `of a user (mariadb)` become `of a user (sqlite, mariadb)`. */
function namedWithItsRows(file, blocks, block, depth) {
  const alike = tests.filter(
    (test) =>
      test.file === file &&
      test.blocks[depth]?.template === block.template &&
      blocks.slice(0, depth).every(({ template }, index) => test.blocks[index]?.template === template),
  );
  const titles = [...new Set(alike.map((test) => test.blocks[depth].title))];
  if (titles.length === 1) return block.title;
  const [start, end] = common(titles);
  const rows = titles.map((title) => title.slice(start, title.length - end));
  return `${titles[0].slice(0, start)}${rows.join(', ')}${titles[0].slice(titles[0].length - end)}`;
}

/** How many characters all begin and end with, in whole words. */
function common(titles) {
  const shortest = Math.min(...titles.map(({ length }) => length));
  const [first] = titles;
  let start = 0;
  while (start < shortest && titles.every((title) => title[start] === first[start])) start += 1;
  while (start > 0 && /\w/.test(first[start - 1])) start -= 1;
  let end = 0;
  while (end < shortest - start && titles.every((title) => title.at(-1 - end) === first.at(-1 - end))) end += 1;
  while (end > 0 && /\w/.test(first.at(-end))) end -= 1;
  return [start, end];
}

function withoutTag(title) {
  return title.replace(/^\[[^\]]*\]\s*/, '');
}

function shortened(title) {
  return title.length <= LONGEST_TITLE ? title.trim() : `${title.slice(0, LONGEST_TITLE)}…`;
}

/** Titles contain markup and control characters as examples of input. */
function escaped(title) {
  return title
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (one) => `\\u${one.codePointAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[\\`*_<>[\]|~#&]/g, (one) => (one === '<' ? '&lt;' : one === '&' ? '&amp;' : `\\${one}`));
}

/** The tests of the page that did not pass in a run. */
async function notPassed(resultFiles) {
  const passed = new Set();
  for (const name of resultFiles) {
    const { testResults } = JSON.parse(await readFile(name, 'utf8'));
    for (const { name: path, assertionResults } of testResults) {
      for (const { status, ancestorTitles, title } of assertionResults) {
        if (status === 'passed') passed.add(keyOf(relative(root, path), ancestorTitles, title));
      }
    }
  }
  return tests
    .filter(({ file, blocks, title }) => !passed.has(keyOf(file, titlesOf(blocks), title)))
    .map(({ file, blocks, title }) => `Not passed: ${[file, ...titlesOf(blocks), title].join(' › ')}`);
}

function titlesOf(blocks) {
  return blocks.map(({ title }) => title);
}

function keyOf(file, blocks, title) {
  return JSON.stringify([file, blocks, title]);
}
