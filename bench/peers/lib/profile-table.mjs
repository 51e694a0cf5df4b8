/** The shares of profiles, as Markdown. */
import { writeFileSync } from 'node:fs';
import { writeIntoPage } from './page.mjs';
import { KINDS } from './profile-kinds.mjs';
import { table } from './tables.mjs';

const RESULTS = new URL('../../results/peers-profiles.json', import.meta.url);

/** One column a profile: what it was about, then the share of each kind in percent. */
export function profileTable({ about: { machine, date }, rows }) {
  const shown = KINDS.filter((kind) => rows.some(({ shares }) => shares[kind] >= 0.005));
  const nameOf = ({ mode, contender }) => (contender === 'koa' ? 'bare Koa' : `${mode}${SUFFIXES[contender] ?? ''}`);
  return [
    `\`npm run bench:peers -- --profile\`: 4 s of load for each mode, at the defaults, under \`node --cpu-prof\`; percent of the time in which the server was not idle. What has no file of its own counts for its caller.`,
    table(
      ['%', ...rows.map(nameOf)],
      shown.map((kind) => [kind, ...rows.map(({ shares }) => percent(shares[kind]))]),
    ),
    `${machine.processor}, ${machine.cores} cores, Node ${machine.node}, ${date.slice(0, 10)}; ${Math.min(...rows.map(({ samples }) => samples)).toLocaleString('en')} samples at least.`,
  ].join('\n\n');
}

const SUFFIXES = { 'ours-no-redis': ', without Redis', 'ours-every-failure': ', no budget of failures' };

function percent(share) {
  return share < 0.0005 ? '' : (100 * share).toFixed(share < 0.01 ? 1 : 0);
}

/** Keeps them, and writes the table into docs/performance.md. */
export function publishProfiles(report) {
  writeFileSync(RESULTS, `${JSON.stringify(report, undefined, 1)}\n`);
  writeIntoPage('bench:peers-profiles', profileTable(report));
}
