/** The figures as Markdown. */
import { OPERATIONS } from './operations.mjs';

const DATABASES = { mariadb: 'MariaDB', postgres: 'PostgreSQL' };

export function tables({ sizes, caches, replicas, revocation }) {
  const parts = Object.keys(DATABASES).flatMap((kind) => {
    const ofKind = sizes.filter((size) => size.kind === kind);
    return ofKind.length === 0 ? [] : [operations(kind, ofKind), clearing(kind, ofKind)];
  });
  if (replicas !== undefined) parts.push(replicated(replicas));
  if (revocation !== undefined) parts.push(revocations(revocation));
  if (caches !== undefined) parts.push(cached(caches));
  parts.push(computed(sizes));
  return parts.join('\n\n');
}

function operations(kind, sizes) {
  const [first] = sizes;
  const read = kind === 'mariadb' ? 'rows and index entries' : 'pages';
  return [
    `### Operations, ${DATABASES[kind]}`,
    '',
    `Milliseconds p50 / p99 of single calls; in brackets p50 against the smallest size; then the ${read} that the database read for a call.`,
    '',
    table(
      ['operation', ...sizes.map(({ rows }) => `${count(rows)} rows`)],
      OPERATIONS.map((name) => [
        name,
        ...sizes.map(({ operations: all }) => {
          const { p50Milliseconds, p99Milliseconds, readPerCall } = all[name];
          const ratio = p50Milliseconds / first.operations[name].p50Milliseconds;
          return `${short(p50Milliseconds)} / ${short(p99Milliseconds)} (${short(ratio)}); ${short(readPerCall)}`;
        }),
      ]),
    ),
    '',
    conditions(sizes),
  ].join('\n');
}

function clearing(kind, sizes) {
  return [
    `### clear-expired, ${DATABASES[kind]}`,
    '',
    'At most 30 s of it. The largest batch is one transaction; the longest lock is at most the longest `DELETE`, from its begin to its answer. Live traffic is 100 calls per second: look-ups of tokens that are not cached, issuing, revoking.',
    '',
    table(
      [
        'rows',
        'rows deleted',
        'rows/s',
        'largest batch, rows',
        'live p99, ms, without / beside',
        'longest write, ms, without / beside',
        'longest lock, ms',
        'deleting an application with 1 % of the tokens, s',
      ],
      sizes.map(({ rows, clearing: { quiet, beside, ...cleared }, deletion }) => [
        count(rows),
        count(cleared.deleted),
        count(Math.round(cleared.rowsPerSecond)),
        count(cleared.largestBatch),
        `${short(quiet.p99Milliseconds)} / ${short(beside.p99Milliseconds)}`,
        `${short(quiet.longestWriteMilliseconds)} / ${short(beside.longestWriteMilliseconds)}`,
        cleared.longestLockMilliseconds === undefined ? 'not measured' : short(cleared.longestLockMilliseconds),
        deletion.deleted ? short(deletion.seconds) : deletion.problem,
      ]),
    ),
  ].join('\n');
}

function revocations({ rows, machine }) {
  return [
    '### Revocation across processes',
    '',
    table(
      ['processes', 'observations', 'refused before the acknowledgement', 'p50, ms', 'p99, ms', 'longest, ms'],
      rows.map((row) => [
        row.processes,
        row.observations,
        row.before,
        short(row.p50Milliseconds),
        short(row.p99Milliseconds),
        short(row.longestMilliseconds),
      ]),
    ),
    '',
    `With Redis. ${ofMachine(machine)}`,
  ].join('\n');
}

function cached({ rows, machine }) {
  const memory = (bytes, tokens) => `${short((bytes / 2 ** 20) * tokens)} (${Math.round(bytes)})`;
  return [
    '### Memory of cached tokens',
    '',
    'MiB; in brackets bytes for each token.',
    '',
    table(
      ['tokens', 'heap of a process, without Redis', 'heap of a process, with Redis', 'Redis'],
      rows.map(({ tokens, alone, shared, redis }) => [
        count(tokens),
        memory(alone.heapBytes / tokens, tokens),
        memory(shared.heapBytes / tokens, tokens),
        memory(redis.bytes / redis.keys, tokens),
      ]),
    ),
    '',
    `That of Redis is computed from the \`MEMORY USAGE\` of the keys that it still held. The caches were given room for all tokens,`,
    `which is more than their default. ${ofMachine(machine)}`,
  ].join('\n');
}

function replicated({ rows, machine }) {
  const behind = ({ p50Milliseconds, p99Milliseconds, longestMilliseconds }) =>
    `${short(p50Milliseconds)} / ${short(p99Milliseconds)} / ${short(longestMilliseconds)}`;
  return [
    '### A replica beside clear-expired',
    '',
    'How old the newest change is that the replica has, in ms: p50 / p99 / longest. The time is written and read every 10 ms,',
    'so 10 to 20 ms are none. Live traffic as above.',
    '',
    table(
      ['database', 'rows', 'rows deleted', 'rows/s', 'longest lock, ms', 'behind without it', 'behind beside it'],
      rows.map(({ kind, rows: size, deleted, rowsPerSecond, longestLockMilliseconds, behind: { quiet, beside } }) => [
        DATABASES[kind],
        count(size),
        count(deleted),
        count(rowsPerSecond),
        short(longestLockMilliseconds),
        behind(quiet),
        behind(beside),
      ]),
    ),
    '',
    `${rows.map(({ server }) => server).join('; ')}. Primary, replica and traffic had the same two cores. ${ofMachine(machine)}`,
  ].join('\n');
}

/** Rows live for so many days on average: refresh tokens have the most, by default for 14 days. */
const DAYS = 14;
const BEYOND = [1e6, 1e7, 1e8, 1e9];

function computed(sizes) {
  const lines = Object.keys(DATABASES).flatMap((kind) => {
    const largest = sizes.filter((size) => size.kind === kind).at(-1);
    if (largest === undefined) return [];
    const all = Object.values(largest.bytes);
    const perRow = all.reduce((sum, { data, indexes }) => sum + data + indexes, 0) / largest.rows;
    const ofIndexes = all.reduce((sum, { indexes }) => sum + indexes, 0) / largest.rows;
    return BEYOND.map((rows) => {
      const perSecond = rows / DAYS / 86_400;
      return [
        DATABASES[kind],
        count(rows),
        `${short((rows * perRow) / 2 ** 30)} GiB`,
        `${short((rows * ofIndexes) / 2 ** 30)} GiB`,
        count(Math.ceil(perSecond)),
        `${short((100 * perSecond) / largest.clearing.rowsPerSecond)} %`,
      ];
    });
  });
  return [
    '### Computed',
    '',
    `From the largest size above of each database, with rows that live for ${DAYS} days. Nothing in this table beyond the sizes above was measured.`,
    '',
    table(
      [
        'database',
        'rows of tokens',
        'storage',
        'of it indexes',
        'rows issued and deleted a second',
        'of what one clear-expired deletes',
      ],
      lines,
    ),
  ].join('\n');
}

function conditions(sizes) {
  const { machine, server } = sizes.at(-1);
  return `${server}. ${ofMachine(machine)}`;
}

function ofMachine({ processor, cores, memoryGiB, node, date, beside }) {
  return `${processor}, ${cores} virtual cores, ${memoryGiB} GiB, Node ${node}, ${date}; beside it ran ${beside}.`;
}

function table(head, rows) {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(cells[0]), line(widths.map((width) => '-'.repeat(width))), ...cells.slice(1).map(line)].join('\n');
}

function count(value) {
  return Math.round(value).toLocaleString('en');
}

function short(value) {
  return value >= 100 ? count(value) : String(Number(value.toPrecision(2)));
}
