/**
 * `npm run bench:peers`: guarded, throttled actions of our package beside what a Node team would pick instead. `--help` tells
 * the options, README.md the rest.
 */
import { spawnSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { decideAims, rowsOfAims } from './lib/aims.mjs';
import { CACHING_PEERS, CONTENDERS, labelOf } from './lib/contenders.mjs';
import { install, oursSha256, versions } from './lib/install.mjs';
import { groupsOf, MODES, rowsOf } from './lib/modes.mjs';
import { readOptions } from './lib/options.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** With and without a cache of tokens a contender has the same packages but one. */
const SIZED = ['ours', 'koa', 'nest-express', ...CACHING_PEERS, 'express-jwt', 'koa-jose-lru', 'fastify-jwt'];

const options = readOptions();
let stopping = false;
const isStopping = () => stopping;

if (options.list) {
  for (const [mode, { title, contenders }] of Object.entries(MODES))
    console.log(`${mode}: ${title}\n  ${contenders.join('\n  ')}`);
} else {
  install();
  // What is installed can be imported from here on only.
  const { cleanUp, prepare } = await import('./lib/bench.mjs');
  if (options.cleanup) await cleanUp();
  else await main(prepare);
}

async function main(prepare) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      stopping = true;
      console.error('Stopping after this slice.');
    });
  }
  if (spawnSync('wrk', ['-v']).error !== undefined) throw new Error('wrk is missing: apt-get install wrk');
  const rows = chosenRows();
  const undo = [];
  try {
    const modes = [...new Set(rows.map(({ mode }) => mode))];
    const bench = await prepare(options, modes, undo);
    if (options.conformance) await conformance(rows, bench);
    else if (options.profile) await profile(bench);
    else await measure(rows, bench);
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

function chosenRows() {
  if (!options.aims) return rowsOf(options);
  const wanted = rowsOfAims();
  return rowsOf(options).filter((row) =>
    wanted.some(({ mode, contender }) => row.mode === mode && row.contender === contender),
  );
}

async function conformance(rows, bench) {
  const { startConforming } = await import('./lib/bench.mjs');
  const { emptyRedis } = await import('./lib/redis.mjs');
  for (const { mode, contender } of rows) {
    if (stopping) return;
    await emptyRedis(bench.redis);
    try {
      const server = await startConforming(contender, mode, bench);
      await server.stop();
      console.log(`${mode}/${contender}: conforms`);
    } catch (error) {
      console.error(`${mode}/${contender}: FAILED. ${error.message}`);
      process.exitCode = 1;
    }
  }
}

async function profile(bench) {
  const [{ measureProfiles }, { profileTable, publishProfiles }] = await Promise.all([
    import('./lib/profile.mjs'),
    import('./lib/profile-table.mjs'),
  ]);
  const rows = await measureProfiles(bench, isStopping);
  if (rows === undefined) return;
  const report = { about: await aboutOf(bench), rows };
  console.log(profileTable(report));
  for (const { label, mode, longest } of rows) {
    console.log(`\n${mode}, ${label}`);
    for (const { name, share } of longest) console.log(`  ${(100 * share).toFixed(1)} % ${name}`);
  }
  if (options.write) publishProfiles(report);
}

async function measure(rows, bench) {
  const [{ measureGroup }, { Report }] = await Promise.all([import('./lib/group.mjs'), import('./lib/report.mjs')]);
  const report = new Report(await aboutOf(bench), options);
  const groups = groupsOf(
    rows.filter((row) => !report.has(row)),
    options.beside,
  );
  for (const [index, group] of groups.entries()) {
    const results = await measureGroup(group, bench, isStopping).catch(
      // Other groups are still worth measuring.
      (error) => new Map(group.contenders.map((contender) => [contender, error])),
    );
    if (results === undefined || stopping) break;
    await putAll(report, group.mode, results);
    console.log(`  ${index + 1} of ${groups.length} groups, ${Math.round(performance.now() / 1000)} s`);
  }
  if (!stopping && options.starts > 0) {
    // What was measured before is still worth telling.
    await measureCosts(report, bench).catch((error) => {
      console.error(`Start-up and memory: FAILED. ${error.stack}`);
      process.exitCode = 1;
    });
  }
  conclude(report, rows);
  if (options.write && !stopping) {
    const { publish } = await import('./publish.mjs');
    publish(report.content);
  }
}

async function putAll(report, mode, results) {
  const { summaryOf } = await import('./lib/summary.mjs');
  for (const [contender, result] of results) {
    const about = { mode, contender, label: CONTENDERS[contender].label };
    if (result instanceof Error) {
      report.put({ ...about, failed: result.message.replaceAll(HERE, './').slice(0, 500) });
      console.error(`${mode}/${contender}: FAILED. ${result.stack}`);
      process.exitCode = 1;
    } else {
      const summary = summaryOf(result);
      report.put({ ...about, ...summary });
      console.log(`${mode}/${contender}: ${told(summary)}`);
    }
  }
}

function told({ ratio, lowQuartile, highQuartile, cpuRatio, ownRatio, ours, theirs }) {
  const quartiles = `${lowQuartile.toFixed(2)}-${highQuartile.toFixed(2)}`;
  const rates = `${Math.round(theirs.perSecond)} / ${Math.round(ours.perSecond)} requests/s`;
  const own = ownRatio === undefined ? '' : `, ${ownRatio.toFixed(2)} of its own 200`;
  return `${ratio.toFixed(2)} of ours (${quartiles}), ${rates}, CPU x ${cpuRatio.toFixed(2)}${own}`;
}

async function measureCosts(report, bench) {
  const [{ measureStartUp }, { measureMemory }, { installedSize }] = await Promise.all([
    import('./lib/start-up.mjs'),
    import('./lib/memory.mjs'),
    import('./lib/size.mjs'),
  ]);
  const size = SIZED.map((contender) => {
    const label = labelOf(contender, { throttled: true });
    return { label, ...installedSize(CONTENDERS[contender].packages) };
  });
  report.set({ size });
  const startUp = await measureStartUp(bench, isStopping);
  if (startUp !== undefined) report.set({ startUp });
  const memory = await measureMemory(bench, isStopping);
  if (memory !== undefined) report.set({ memory });
}

/** Tells of each aim; those whose rows were not chosen are left out. */
function conclude(report, rows) {
  const isChosen = new Set(rows.map(({ mode, contender }) => `${mode}/${contender}`));
  for (const { what, target, value, beside, reached, needs } of decideAims(report.content.rows)) {
    if (value === undefined && !needs.every((row) => isChosen.has(row))) continue;
    const measured = value === undefined ? 'not measured' : `${value.toFixed(3)} (${beside})`;
    console.log(`${reached ? 'reached' : 'MISSED '} ${what}: ${measured}, aim ${target}`);
    if (!reached && !options.quick) process.exitCode = 1;
  }
}

async function aboutOf({ admin, redis, serverCore, loadCore, servicesCore }) {
  const [[{ version }]] = await admin.query('SELECT VERSION() AS version');
  const { pairs, slice, generations, warm, beside, connections, tokens, jwts, hot, deadline } = options;
  return {
    ...{ quick: options.quick, ours: oursSha256(), date: new Date().toISOString(), versions: versions() },
    machine: {
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      node: process.version,
      mariadb: version,
      redis: /^redis_version:(\S+)/m.exec(await redis.info('server'))?.[1],
      wrk: /^wrk \S+/.exec(String(spawnSync('wrk', ['-v']).stdout))?.[0],
    },
    settings: {
      ...{ pairs, slice, generations, warm, beside, connections, tokens, jwts, hot, deadline },
      ...{ serverCore, loadCore, servicesCore },
    },
  };
}
