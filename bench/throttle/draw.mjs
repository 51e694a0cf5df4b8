/**
 * Writes what a run of the benchmark measured into docs/throttling.md: its figures, and the pictures beside it. The
 * benchmark does it after a whole run; by hand: `node bench/throttle/draw.mjs [bench/results/throttle.json]`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PAGE = new URL('../../docs/throttling.md', import.meta.url);
const FOLDER = new URL('../../docs/throttling/', import.meta.url);
const BEGIN = '<!-- bench:throttle -->';
const END = '<!-- /bench:throttle -->';

const ENGINES = {
  'in memory': 'memoryEngine',
  leased: 'leasedEngine',
  redis: 'redisEngine',
  'rate-limiter-flexible': 'rateLimiterFlexibleEngine on Redis',
  RateLimiterRedis: 'RateLimiterRedis by itself',
};

/** Writes the pictures and figures that the report has. */
export function publish(report) {
  const { edges, hot } = report.results;
  if (edges !== undefined) {
    for (const algorithm of ['fixed-window', 'sliding-window'])
      writePicture(algorithm, admissions(edges.details, algorithm));
  }
  if (hot !== undefined) writePicture('decisions-per-second', decisions(hot.details, report.machine));
  const page = readFileSync(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/throttling.md has no ${BEGIN} … ${END}.`);
  writeFileSync(PAGE, `${page.slice(0, begin)}${BEGIN}\n\n${figures(report)}\n\n${page.slice(end)}`);
}

function figures({ machine, rows }) {
  const lines = rows.map(({ what, value, target, reached }) => {
    const aim = target === 'told' ? '' : `${target}${reached ? '' : ' (missed)'}`;
    return `| ${what} | ${number(value)} | ${aim} |`;
  });
  const { processor, cores, node, redis, date, rounds, millisecondsPerRound } = machine;
  return [
    '| measured | value | aim |',
    '| --- | --- | --- |',
    ...lines,
    '',
    `${processor}, ${cores} cores, Node ${node}, Redis ${redis} on the same machine, ${date.slice(0, 10)}. Medians of ${rounds} rounds`,
    `of ${millisecondsPerRound / 1000} s, in which the sides of a ratio take turns.`,
  ].join('\n');
}

function number(value) {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

const WIDTH = 760;
const LEFT = 60;
const RIGHT = 20;
/** Readable on white and on black, depending on the viewer's colour scheme. */
const STYLE = `<style>
svg { --paper: #ffffff; --ink: #1f2937; --faint: #6b7280; --grid: #e5e7eb; --data: #2563eb; --limit: #dc2626; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #0d1117; --ink: #e5e7eb; --faint: #9ca3af; --grid: #30363d; --data: #60a5fa; --limit: #f87171; }
}
text { fill: var(--ink); } .faint { fill: var(--faint); } .limit { fill: var(--limit); } .title { font-size: 15px; }
rect.paper { fill: var(--paper); } rect.bar { fill: var(--data); }
line { stroke: var(--grid); } line.axis { stroke: var(--faint); } line.limit { stroke: var(--limit); stroke-dasharray: 5 4; }
line.edge { stroke: var(--faint); stroke-dasharray: 2 3; } polyline { fill: none; stroke: var(--data); stroke-width: 2; }
</style>`;

function picture(height, title, body) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}" font-family="system-ui, sans-serif" font-size="12">
${STYLE}
<rect class="paper" width="${WIDTH}" height="${height}"/>
${text(16, 24, title, 'title')}
${body.join('\n')}
</svg>
`;
}

function writePicture(name, content) {
  writeFileSync(new URL(`${name}.svg`, FOLDER), content);
}

const text = (x, y, words, name = '', more = '') =>
  `<text x="${round(x)}" y="${round(y)}" class="${name}" ${more}>${words}</text>`;
const line = (x1, y1, x2, y2, name = '') =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" class="${name}"/>`;
const bar = (x, y, width, height) =>
  `<rect class="bar" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/>`;

function round(value) {
  return Math.round(value * 10) / 10;
}

const TICK = 100;

/** What was admitted at each moment, and below in the span of a window's length that ends there. */
function admissions({ limit, windowSeconds, offeredPerSecond, milliseconds, ...all }, algorithm) {
  const times = all[algorithm];
  const x = (time) => LEFT + ((WIDTH - LEFT - RIGHT) * time) / milliseconds;
  const within = (from, to) => times.filter((time) => time > from && time <= to).length;

  const [top, middle] = [66, 136];
  const offered = (offeredPerSecond * TICK) / 1000;
  const body = [text(16, 52, `admitted in each tenth of a second, of ${offered} requests`, 'faint')];
  for (let time = 0; time < milliseconds; time += TICK) {
    const count = within(time === 0 ? -1 : time, time + TICK);
    // Requests that came slightly late are counted in the next tenth.
    const height = ((middle - top) * Math.min(count, 1.6 * offered)) / (1.6 * offered);
    if (count > 0) body.push(bar(x(time) + 0.5, middle - height, x(TICK) - x(0) - 1, height));
  }
  body.push(line(LEFT, middle, WIDTH - RIGHT, middle, 'axis'));

  const [upper, lower] = [184, 324];
  const highest = 2.2 * limit;
  const y = (count) => lower - ((lower - upper) * count) / highest;
  body.push(text(16, 168, `admitted in the last ${windowSeconds} seconds`, 'faint'));
  for (const count of [0, limit, 2 * limit]) {
    body.push(line(LEFT, y(count), WIDTH - RIGHT, y(count), count === limit ? 'limit' : ''));
    body.push(text(LEFT - 8, y(count) + 4, count, count === limit ? 'limit' : '', 'text-anchor="end"'));
  }
  body.push(text(LEFT + 6, y(limit) - 5, 'limit', 'limit'));
  if (algorithm === 'fixed-window') {
    for (let end = windowSeconds * 1000; end < milliseconds; end += windowSeconds * 1000) {
      body.push(
        line(x(end), 60, x(end), lower, 'edge'),
        text(x(end) - 5, upper + 8, 'a new window', 'faint', 'text-anchor="end"'),
      );
    }
  }
  const points = [];
  for (let time = 0; time <= milliseconds; time += 20) {
    points.push(`${round(x(time))},${round(y(within(time - windowSeconds * 1000, time)))}`);
  }
  body.push(`<polyline points="${points.join(' ')}"/>`, line(LEFT, lower, WIDTH - RIGHT, lower, 'axis'));
  for (let second = 0; second <= milliseconds / 1000; second += 1) {
    body.push(text(x(second * 1000), lower + 18, second, '', 'text-anchor="middle"'));
  }
  body.push(text(WIDTH - RIGHT, lower + 34, 'seconds since the first request', 'faint', 'text-anchor="end"'));
  const title = `${algorithm}, ${limit} in ${windowSeconds} s: one request, silence, then ${offeredPerSecond} per second`;
  return picture(lower + 44, title, body);
}

/** Decisions per second on a hot key, on a logarithmic scale. */
function decisions({ perSecond }, { processor, node, redis }) {
  const all = Object.entries(perSecond).sort((left, right) => right[1] - left[1]);
  const [left, right] = [240, WIDTH - 110];
  const least = 3;
  const most = Math.ceil(Math.log10(Math.max(...all.map(([, count]) => count))));
  const x = (count) => left + ((right - left) * (Math.log10(count) - least)) / (most - least);
  const bottom = 44 + all.length * 32;
  const body = [];
  for (let power = least; power <= most; power += 1) {
    body.push(line(x(10 ** power), 40, x(10 ** power), bottom));
    body.push(text(x(10 ** power), bottom + 16, (10 ** power).toLocaleString('en'), 'faint', 'text-anchor="middle"'));
  }
  all.forEach(([engine, count], index) => {
    const y = 46 + index * 32;
    body.push(text(left - 10, y + 15, ENGINES[engine] ?? engine, '', 'text-anchor="end"'));
    body.push(bar(left, y, x(count) - left, 22), text(x(count) + 8, y + 15, count.toLocaleString('en')));
  });
  const where = `one process, a hot key under its limit; logarithmic. ${processor}, Node ${node}, Redis ${redis}`;
  body.push(text(16, bottom + 40, where, 'faint'));
  return picture(bottom + 54, 'Decisions per second', body);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const source = process.argv[2] ?? new URL('../results/throttle.json', import.meta.url);
  publish(JSON.parse(readFileSync(source, 'utf8')));
}
