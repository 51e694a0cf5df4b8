/** Where the time of a request goes: servers of ours under load with `node --cpu-prof`, and the shares of what they ran. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadFor, startConforming } from './bench.mjs';
import { labelOf } from './contenders.mjs';
import { warmUp } from './group.mjs';
import { wrk } from './load.mjs';
import { MODES } from './modes.mjs';
import { KINDS, kindOf } from './profile-kinds.mjs';
import { emptyRedis } from './redis.mjs';

const SECONDS = 4;
const PROFILED = [
  ...[
    ['guard', 'koa'],
    ['guard', 'ours'],
    ['throttle', 'ours'],
    ['limit', 'ours'],
    ['no-scope', 'ours'],
    ['no-token', 'ours'],
    ['forged', 'ours-every-failure'],
  ],
  ...[
    ['cold', 'ours-no-redis'],
    ['cold', 'ours'],
    ['jwt-es256', 'ours-jwt'],
    ['jwt-es256-cold', 'ours-jwt'],
    ['jwt-rs256-cold', 'ours-jwt'],
  ],
];

/** @returns for each of them `{ mode, contender, label, requests, samples, shares, longest }`; `undefined` if it was stopped */
export async function measureProfiles(bench, isStopping) {
  const rows = [];
  for (const [mode, contender] of PROFILED) {
    if (isStopping()) return undefined;
    await emptyRedis(bench.redis);
    const label = labelOf(contender, { throttled: MODES[mode].limit !== undefined });
    rows.push({ mode, contender, label, ...(await profiled(mode, contender, bench)) });
  }
  return rows;
}

async function profiled(mode, contender, bench) {
  const folder = mkdtempSync(join(tmpdir(), 'peers-bench-profile-'));
  try {
    const server = await startConforming(contender, mode, bench, ['--cpu-prof', `--cpu-prof-dir=${folder}`]);
    let span;
    let requests;
    try {
      const load = loadFor(server, contender, mode, bench);
      await warmUp({ load, mode }, bench);
      const next = load.next(SECONDS);
      const begin = microseconds();
      ({ requests } = await wrk(next));
      span = [begin, microseconds()];
    } finally {
      // It is written when the process ends.
      await server.stop();
    }
    const [file] = readdirSync(folder);
    if (file === undefined) throw new Error(`"${server.label}" has written no profile.`);
    return { requests, ...sharesOf(JSON.parse(readFileSync(join(folder, file), 'utf8')), span) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** By the clock that V8 takes for profiles. */
function microseconds() {
  return Number(process.hrtime.bigint() / 1000n);
}

/**
 * How much of the time in which a server was not idle was spent in what.
 *
 * @param span begin and end of what counts, in microseconds
 */
function sharesOf({ nodes, samples, timeDeltas, startTime }, [begin, end]) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes) for (const child of node.children ?? []) byId.get(child).parent = node;
  const kinds = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
  const functions = new Map();
  let at = startTime;
  let total = 0;
  samples.forEach((id, index) => {
    at += timeDeltas[index];
    const node = byId.get(id);
    if (at < begin || at > end || node.callFrame.functionName === '(idle)') return;
    total += 1;
    kinds[kindOf(node)] += 1;
    const name = `${node.callFrame.functionName || '(anonymous)'} ${placeOf(node.callFrame)}`.trim();
    functions.set(name, (functions.get(name) ?? 0) + 1);
  });
  if (total === 0) throw new Error('No sample of the profile is within the load.');
  const share = (count) => count / total;
  const longest = [...functions].sort(([, left], [, right]) => right - left).slice(0, 12);
  return {
    samples: total,
    shares: Object.fromEntries(Object.entries(kinds).map(([kind, count]) => [kind, share(count)])),
    longest: longest.map(([name, count]) => ({ name, share: share(count) })),
  };
}

/** Without the folders of this machine. */
function placeOf({ url, lineNumber }) {
  const file = url.slice(url.lastIndexOf('/node_modules/') + 1).replace(/^file:.*\/peers\//, '');
  return url === '' ? '' : `${file}:${lineNumber + 1}`;
}
