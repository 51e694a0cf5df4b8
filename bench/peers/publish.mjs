/**
 * Writes what a run has measured into docs/performance.md, and the picture beside it. `npm run bench:peers -- --write` does it
 * after a run of all rows; by hand: `node bench/peers/publish.mjs [bench/results/peers.json]`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { picture } from './lib/picture.mjs';
import { tables } from './lib/tables.mjs';

const ROOT = new URL('../../', import.meta.url);
const PAGE = new URL('docs/performance.md', ROOT);
const PICTURE = new URL('docs/performance/peers.svg', ROOT);
const BEGIN = '<!-- bench:peers -->';
const END = '<!-- /bench:peers -->';

export function publish(report) {
  if (report.about.quick) throw new Error('A check of conformance is no measurement.');
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/performance.md has no ${BEGIN} … ${END}.`);
  const [heading, ...rest] = tables(report).split('\n\n');
  const shown = [heading, '![Requests per second beside ours](performance/peers.svg)', ...rest].join('\n\n');
  mkdirSync(new URL('.', PICTURE), { recursive: true });
  writeFileSync(PICTURE, picture(report));
  writeFileSync(PAGE, `${page.slice(0, begin)}${BEGIN}\n\n${shown}\n\n${page.slice(end)}`);
  execFileSync('npx', ['biome', 'format', '--write', 'docs/performance.md'], {
    cwd: fileURLToPath(ROOT),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const source = process.argv[2] ?? new URL('../results/peers.json', import.meta.url);
  publish(JSON.parse(readFileSync(source, 'utf8')));
}
