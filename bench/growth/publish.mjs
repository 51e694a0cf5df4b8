/**
 * Keeps what runs have measured in results/growth.json, and draws it into docs/operations. By hand:
 * `node bench/growth/publish.mjs`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { barChart, lineChart } from '../lib/chart.mjs';
import { OPERATIONS } from './operations.mjs';
import { tables } from './tables.mjs';

const FILE = new URL('../results/growth.json', import.meta.url);
const PLANS = new URL('../results/growth-plans.json', import.meta.url);
const START_UP = new URL('../results/start-up.json', import.meta.url);
const FOLDER = new URL('../../docs/operations/', import.meta.url);
const PAGE = new URL('sizing.md', FOLDER);
const BEGIN = '<!-- bench:growth -->';
const END = '<!-- /bench:growth -->';

const DATABASES = { mariadb: 'MariaDB', postgres: 'PostgreSQL' };
/** As many as a picture has colours for. */
const DRAWN_FIRST = [
  ...['look-up', 'issue', 'refresh', 'revoke', 'list of a user', 'list of a user with 1 % of all tokens'],
];
const ROWS = { label: 'rows of tokens in the database', log: true };

/** Adds figures to those that are kept; a size that was measured again replaces its earlier figures. */
export async function keep({ sizes, ...others }) {
  const report = { ...(await read(FILE, '{"sizes":[]}')), ...others };
  for (const size of sizes) {
    report.sizes = report.sizes.filter(({ kind, rows }) => kind !== size.kind || rows !== size.rows);
    report.sizes.push(size);
  }
  report.sizes.sort((left, right) => left.kind.localeCompare(right.kind) || left.rows - right.rows);
  await writeFile(FILE, `${JSON.stringify(report, undefined, 2)}\n`);
}

/** Keeps how a database executes each statement at a size. */
export async function keepPlans(kind, rows, plans) {
  const kept = await read(PLANS, '{}');
  kept[kind] = { ...kept[kind], [rows]: plans };
  await writeFile(PLANS, `${JSON.stringify(kept, undefined, 2)}\n`);
}

/** Draws the pictures, and writes the tables into the page. */
export async function publish() {
  const report = await read(FILE);
  const startUp = await read(START_UP);
  const pictures = { ...ofSizes(report), ...ofProcesses(report), 'growth-start-up': ofStartUp(startUp) };
  for (const [name, content] of Object.entries(pictures)) await writeFile(new URL(`${name}.svg`, FOLDER), content);
  const page = await readFile(PAGE, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/operations/sizing.md has no ${BEGIN} … ${END}.`);
  await writeFile(PAGE, `${page.slice(0, begin)}${BEGIN}\n\n${tables(report)}\n\n${page.slice(end)}`);
}

async function read(file, otherwise) {
  const text = await readFile(file, 'utf8').catch((error) => {
    if (otherwise === undefined) throw error;
    return otherwise;
  });
  return JSON.parse(text);
}

function ofSizes({ sizes }) {
  const kinds = Object.keys(DATABASES).filter((kind) => sizes.some((size) => size.kind === kind));
  const line = (name, kind, value) => ({
    name,
    points: sizes.filter((size) => size.kind === kind).map((size) => [size.rows, value(size)]),
  });
  const pictures = {};
  for (const kind of kinds) {
    const of = (name) => line(name, kind, ({ operations }) => operations[name].p50Milliseconds);
    const pictureOf = (names) =>
      lineChart({
        title: `${DATABASES[kind]}: an operation against the number of tokens`,
        note: 'median of single calls, one after another, on a busy machine',
        x: ROWS,
        y: { label: 'milliseconds', log: true },
        series: names.map(of),
      });
    pictures[`growth-operations-${kind}`] = pictureOf(DRAWN_FIRST);
    pictures[`growth-further-operations-${kind}`] = pictureOf(OPERATIONS.filter((name) => !DRAWN_FIRST.includes(name)));
  }
  pictures['growth-read'] = lineChart({
    title: 'What the database reads for one operation',
    note: 'rows and index entries (MariaDB), pages (PostgreSQL): independent of what else the machine does',
    x: ROWS,
    y: { label: 'read per call', log: true },
    series: kinds.flatMap((kind) =>
      ['look-up', 'list of a user', 'list of a user with 1 % of all tokens'].map((name) =>
        line(`${DATABASES[kind]}, ${name}`, kind, ({ operations }) => operations[name].readPerCall),
      ),
    ),
  });
  pictures['growth-clear-expired'] = lineChart({
    title: 'clear-expired: rows per second',
    note: 'with its pauses, while other calls look up, issue and revoke tokens',
    x: ROWS,
    y: { label: 'rows per second', log: true },
    series: kinds.map((kind) => line(DATABASES[kind], kind, ({ clearing }) => clearing.rowsPerSecond)),
  });
  const besideClearing = (figure) =>
    kinds.flatMap((kind) => [
      line(`${DATABASES[kind]}, without`, kind, ({ clearing }) => clearing.quiet[figure]),
      line(`${DATABASES[kind]}, beside it`, kind, ({ clearing }) => clearing.beside[figure]),
    ]);
  pictures['growth-live-traffic'] = lineChart({
    title: 'Live traffic beside clear-expired, p99',
    note: 'look-ups of new tokens, issuing and revoking, 100 calls per second',
    x: ROWS,
    y: { label: 'milliseconds', log: true },
    series: besideClearing('p99Milliseconds'),
  });
  pictures['growth-longest-write'] = lineChart({
    title: 'Live traffic beside clear-expired, the longest write',
    note: 'issuing or revoking one token; what a lock can cost a caller',
    x: ROWS,
    y: { label: 'milliseconds', log: true },
    series: besideClearing('longestWriteMilliseconds'),
  });
  if (sizes.every(({ clearing }) => clearing.longestLockMilliseconds !== undefined)) {
    pictures['growth-longest-lock'] = lineChart({
      title: 'The longest lock of clear-expired',
      note: 'at most: the longest DELETE, each a transaction of its own, from its begin to its answer',
      x: ROWS,
      y: { label: 'milliseconds', log: true },
      series: kinds.map((kind) => line(DATABASES[kind], kind, ({ clearing }) => clearing.longestLockMilliseconds)),
    });
  }
  pictures['growth-deletion'] = lineChart({
    title: 'Deleting an application with 1 % of all tokens',
    note: 'in batches of 1,000 rows',
    x: ROWS,
    y: { label: 'seconds', log: true },
    series: kinds.map((kind) => line(DATABASES[kind], kind, ({ deletion }) => deletion.seconds)),
  });
  return pictures;
}

function ofProcesses({ sizes, caches, revocation }) {
  const pictures = {};
  if (revocation !== undefined) {
    const line = (name, figure) => ({
      name,
      points: revocation.rows.map((row) => [row.processes, Math.max(0, row[figure])]),
    });
    pictures['growth-revocation'] = lineChart({
      title: 'A revocation: from its acknowledgement to the first 401 of the other processes',
      note: 'each of the others is asked every 2 ms; 0: it refused before the acknowledgement was there',
      x: { label: 'processes' },
      y: { label: 'milliseconds' },
      series: [line('p50', 'p50Milliseconds'), line('p99', 'p99Milliseconds')],
    });
  }
  if (caches !== undefined) {
    const line = (name, bytes) => ({ name, points: caches.rows.map((row) => [row.tokens, bytes(row) / 2 ** 20]) });
    pictures['growth-caches'] = lineChart({
      title: 'Memory of cached tokens',
      note: 'in caches with room for all of them',
      x: { label: 'tokens', log: true },
      y: { label: 'MiB', log: true },
      series: [
        line('heap of a process, without Redis', ({ alone }) => alone.heapBytes),
        line('heap of a process, with Redis', ({ shared }) => shared.heapBytes),
        line('Redis', ({ tokens, redis }) => (redis.bytes / redis.keys) * tokens),
      ],
    });
  }
  const bar = (label, value) => ({ label, value, shown: `${Math.round(value)} bytes` });
  const cached = ({ tokens, alone, shared, redis }) => [
    bar('heap of a process, without Redis', alone.heapBytes / tokens),
    bar('heap of a process, with Redis', shared.heapBytes / tokens),
    bar('Redis', redis.bytes / redis.keys),
  ];
  pictures['growth-bytes'] = barChart({
    title: 'Bytes for each token',
    bars: [
      ...(caches === undefined ? [] : cached(caches.rows.at(-1))),
      ...Object.entries(DATABASES).flatMap(([kind, name]) => {
        const largest = sizes.filter((size) => size.kind === kind).at(-1);
        if (largest === undefined) return [];
        const bytes = Object.values(largest.bytes).reduce((sum, { data, indexes }) => sum + data + indexes, 0);
        return [bar(`${name}, a row with its indexes`, bytes / largest.rows)];
      }),
    ],
  });
  return pictures;
}

function ofStartUp({ rows }) {
  const line = (name, column) => ({ name, points: rows.map((row) => [row.controllers, row[column]]) });
  return lineChart({
    title: 'Start-up against the number of controllers',
    note: 'four actions each; declaring them and serving them, and beside it audit() and describe()',
    x: { label: 'controllers', log: true },
    y: { label: 'milliseconds', log: true },
    series: [
      line('routing-controllers alone', 'routing-controllers ms'),
      line('our entry', 'our entry ms'),
      line('audit()', 'audit ms'),
      line('describe()', 'describe ms'),
    ],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await publish();
