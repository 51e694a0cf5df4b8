/** The results of a run, as Markdown. */
import { labelOf } from './contenders.mjs';
import { MODES } from './modes.mjs';
import { figuresOfBaseline } from './summary.mjs';

/** From here on the load, and what shares its core, may be what limits. */
const LOAD_IS_FULL = 0.97;
/** Below it the server waits for something. */
const SERVER_IS_FULL = 0.9;
/** More than this share of the server's core for others spoils a table. */
const QUIET = 0.1;

/** All that a run has measured, under headings of this depth. */
export function tables(report, depth = 2) {
  const { about, rows, aims = [], startUp, memory, size } = report;
  const heading = (text) => `${'#'.repeat(depth + 1)} ${text}`;
  return [
    `${'#'.repeat(depth)} Beside peers`,
    machineOf(about),
    table(
      ['aim', 'target', 'measured', ''],
      aims.map(({ what, target, value, reached }) => [
        what,
        target,
        value === undefined ? 'not measured' : value.toFixed(2),
        reached ? 'reached' : 'MISSED',
      ]),
    ),
    ...Object.entries(MODES).flatMap(([name, mode]) => modeTable(name, mode, rows, heading)),
    NOTES,
    ...costTables({ startUp, memory, size }, heading),
  ].join('\n\n');
}

function modeTable(name, { title, baseline, contenders, own, limit }, rows, heading) {
  const label = (contender) => labelOf(contender, { throttled: limit !== undefined });
  const measured = contenders.flatMap((contender) =>
    rows.filter((row) => row.mode === name && row.contender === contender),
  );
  const good = measured.filter(({ failed }) => failed === undefined);
  if (good.length === 0) return [];
  const header = [
    'contender',
    'throughput / ours (quartiles)',
    'requests/s',
    'p50, p99 ms',
    'p99 / ours',
    'CPU us/request (/ ours)',
  ];
  const last = own === undefined ? ['Redis, SQL per request'] : ['throughput / its own 200'];
  return [
    heading(title),
    table(
      [...header, ...last],
      [
        baselineCells(label(baseline), figuresOfBaseline(good), own),
        ...measured.map((row) =>
          row.failed === undefined ? rowCells(label(row.contender), row, own) : failedCells(label(row.contender), row),
        ),
      ],
    ),
    disturbance(good),
  ];
}

function baselineCells(label, figures, own) {
  const { perSecond, p50, p99, cpuMicrosecondsPerRequest } = figures;
  return [
    ...[`**${label}**${marks(figures)}`, '1', whole(perSecond), `${p50.toFixed(2)}, ${p99.toFixed(2)}`, '1'],
    cpuMicrosecondsPerRequest.toFixed(0),
    own === undefined ? stores(figures) : '',
  ];
}

function rowCells(label, { ratio, lowQuartile, highQuartile, cpuRatio, p99Ratio, ownRatio, theirs }, own) {
  return [
    `${label}${marks(theirs)}`,
    `${ratio.toFixed(2)} (${lowQuartile.toFixed(2)}-${highQuartile.toFixed(2)})`,
    whole(theirs.perSecond),
    `${theirs.p50.toFixed(2)}, ${theirs.p99.toFixed(2)}`,
    p99Ratio.toFixed(2),
    `${theirs.cpuMicrosecondsPerRequest.toFixed(0)} (${cpuRatio.toFixed(2)})`,
    own === undefined ? stores(theirs) : ownRatio.toFixed(2),
  ];
}

function failedCells(label, { failed }) {
  return [label, `FAILED: ${failed.replaceAll(/[|\s]+/g, ' ')}`, ...Array(5).fill('')];
}

function marks({ loadCoreBusy, serverBusy }) {
  return `${loadCoreBusy >= LOAD_IS_FULL ? ' †' : ''}${serverBusy < SERVER_IS_FULL ? ' ‡' : ''}`;
}

function stores({ redisCommandsPerRequest, sqlPerRequest }) {
  return `${few(redisCommandsPerRequest)}, ${few(sqlPerRequest)}`;
}

function few(value) {
  return Math.abs(value) < 0.0005 ? '0' : value.toFixed(value < 0.1 ? 3 : 2);
}

function whole(value) {
  return Math.round(value).toLocaleString('en');
}

/** What else ran on the server's core: a table that was taken on a busy machine must look like one. */
function disturbance(rows) {
  const others = rows.flatMap(({ ours, theirs }) => [ours.othersOnServerCore, theirs.othersOnServerCore]);
  if (!others.every(Number.isFinite)) return 'The servers were not kept on a core.';
  const most = Math.max(...others);
  const share = `Other work on the server's core: at most ${Math.round(most * 100)} % beside a contender (median of its slices).`;
  return most > QUIET ? `${share} **The machine was not quiet: do not quote this table.**` : share;
}

function costTables({ startUp, memory, size }, heading) {
  const parts = [];
  if (startUp !== undefined) {
    parts.push(
      heading('Start-up: from the start of the process to the first good answer'),
      table(
        ['contender, guarded and throttled', 'ms'],
        startUp.map(({ label, milliseconds }) => [label, whole(milliseconds)]),
      ),
    );
  }
  if (memory !== undefined) {
    parts.push(
      heading('Memory of 100,000 cached tokens'),
      table(
        ['contender', 'MiB'],
        memory.map(({ label, bytes }) => [label, (bytes / 2 ** 20).toFixed(0)]),
      ),
      'The caches were given room for them, and those of lru-cache an hour. Without Redis our entries count for a second only.',
    );
  }
  if (size !== undefined) {
    parts.push(
      heading('Installed size, production packages only'),
      table(
        ['contender', 'packages', 'MiB'],
        size.map(({ label, packages, bytes }) => [label, packages, (bytes / 2 ** 20).toFixed(1)]),
      ),
    );
  }
  return parts;
}

export function table(header, rows) {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function machineOf({ machine, settings, versions, date, continued, quick }) {
  const { 'routing-controllers-oauth2': _, ...peers } = versions;
  const named = Object.entries(peers).map(([name, version]) => `${name} ${version}`);
  const deadline =
    settings.deadline === undefined
      ? ''
      : ` Our throttle waited for Redis for up to ${settings.deadline} ms, unlike its default.`;
  const cores = `Cores: server ${settings.serverCore ?? 'any'}, load ${settings.loadCore ?? 'any'}, MariaDB and Redis ${settings.servicesCore ?? 'any'}.`;
  return [
    ...(quick ? ['**A check of conformance, not a measurement.**'] : []),
    `\`npm run bench:peers\`, explained in \`bench/peers/README.md\` of the repository: ${settings.pairs} pairs of slices of ${settings.slice} s in ${settings.generations} generations, ${settings.connections} connections, ${settings.hot} hot tokens. Everything at its defaults but what is said beside the figure and in that README.${deadline}`,
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, MariaDB ${machine.mariadb}, Redis ${machine.redis}, ${machine.wrk}, ${date.slice(0, 10)}${continued === undefined ? '' : ', continued later'}. ${cores}`,
    `${named.join(', ')}.`,
  ].join('\n\n');
}

const NOTES = `Throughput / ours is the median over slices taken in turns; below 1 the contender is slower. A bold row is ours, over all slices
of its table. CPU is user and system time of the server's process. Redis are all calls on the server, those inside scripts as well. † the core
of the load was full, so the contender may be faster than told; ‡ the server was busy for less than 90 % of the time, so
something else limited it.`;
