/**
 * Writes what a run has measured into docs/performance.md, and the picture beside it. `npm run bench:peers -- --write` does it
 * after a run of all rows; by hand: `node bench/peers/publish.mjs [bench/results/peers.json]`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeIntoPage } from './lib/page.mjs';
import { picture } from './lib/picture.mjs';
import { tables } from './lib/tables.mjs';

const PICTURE = new URL('../../docs/performance/peers.svg', import.meta.url);

export function publish(report) {
  if (report.about.quick) throw new Error('A check of conformance is no measurement.');
  const [heading, ...rest] = tables(report).split('\n\n');
  const shown = [heading, '![Requests per second beside ours](performance/peers.svg)', ...rest].join('\n\n');
  mkdirSync(new URL('.', PICTURE), { recursive: true });
  writeFileSync(PICTURE, picture(report));
  writeIntoPage('bench:peers', shown);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const source = process.argv[2] ?? new URL('../results/peers.json', import.meta.url);
  publish(JSON.parse(readFileSync(source, 'utf8')));
}
