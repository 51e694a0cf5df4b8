/**
 * Pictures of figures, as SVG: readable on white and on black, and the same bytes for the same figures. Texts are escaped.
 *
 *   lineChart({ title, note, x: { label, log: true }, y: { label, log: true }, series: [{ name, points: [[x, y], …] }] })
 *   barChart({ title, note, log: false, bars: [{ label, value, shown: '12 us' }] })
 */

const WIDTH = 760;
const LEFT = 76;
const RIGHT = 24;
const TOP = 68;
const PLOT_HEIGHT = 260;
const BAR_HEIGHT = 28;

/** Readable on white and on black, depending on the viewer's colour scheme; told apart without colours by their marks. */
const COLOURS = [
  { light: '#2563eb', dark: '#60a5fa' },
  { light: '#dc2626', dark: '#f87171' },
  { light: '#047857', dark: '#34d399' },
  { light: '#7c3aed', dark: '#c4b5fd' },
  { light: '#b45309', dark: '#fbbf24' },
  { light: '#be185d', dark: '#f9a8d4' },
];

const variables = (shade) => COLOURS.map((colour, index) => `--data${index}: ${colour[shade]};`).join(' ');

const STYLE = `<style>
svg { --paper: #ffffff; --ink: #1f2937; --faint: #6b7280; --grid: #e5e7eb; ${variables('light')} }
@media (prefers-color-scheme: dark) {
  svg { --paper: #0d1117; --ink: #e5e7eb; --faint: #9ca3af; --grid: #30363d; ${variables('dark')} }
}
text { fill: var(--ink); } .faint { fill: var(--faint); } .title { font-size: 15px; } rect.paper { fill: var(--paper); }
line { stroke: var(--grid); } line.axis { stroke: var(--faint); } polyline { fill: none; stroke-width: 2; }
</style>`;

/** Lines over a horizontal axis, each named and marked in a legend below. */
export function lineChart({ title, note = '', x, y, series }) {
  const all = series.flatMap(({ points }) => points);
  if (all.length === 0) throw new Error(`${title}: there are no points to draw.`);
  const across = scaleOf(
    all.map(([value]) => value),
    { ...x, tight: true },
    [LEFT, WIDTH - RIGHT],
  );
  const up = scaleOf(
    all.map(([, value]) => value),
    y,
    [TOP + PLOT_HEIGHT, TOP],
  );
  const bottom = TOP + PLOT_HEIGHT;
  const body = [text(16, 48, note, 'faint'), text(16, TOP - 6, y.label, 'faint')];
  for (const tick of up.ticks) {
    body.push(line(LEFT, up.place(tick), WIDTH - RIGHT, up.place(tick)));
    body.push(text(LEFT - 8, up.place(tick) + 4, short(tick), '', 'end'));
  }
  for (const tick of across.ticks) body.push(text(across.place(tick), bottom + 18, short(tick), '', 'middle'));
  body.push(line(LEFT, bottom, WIDTH - RIGHT, bottom, 'axis'));
  body.push(text(WIDTH - RIGHT, bottom + 36, x.label, 'faint', 'end'));
  const columns = 2;
  series.forEach(({ name, points }, index) => {
    const places = points.map(([left, high]) => [across.place(left), up.place(high)]);
    body.push(
      `<polyline points="${places.map((place) => place.map(round).join(',')).join(' ')}" style="stroke: var(--data${index % COLOURS.length})"/>`,
      ...places.map(([left, high]) => mark(left, high, index)),
    );
    const [legendX, legendY] = [
      LEFT + (index % columns) * ((WIDTH - LEFT) / columns),
      bottom + 60 + Math.floor(index / columns) * 20,
    ];
    body.push(mark(legendX, legendY - 4, index), text(legendX + 12, legendY, name));
  });
  return picture(bottom + 72 + Math.floor((series.length - 1) / columns) * 20, title, body);
}

/** Horizontal bars, each with its label and its figure; from 0, or from a power of ten. */
export function barChart({ title, note = '', log = false, bars }) {
  if (bars.length === 0) throw new Error(`${title}: there are no bars to draw.`);
  const [left, right] = [270, WIDTH - 110];
  const scale = scaleOf(
    bars.map(({ value }) => value),
    { log, floor: true },
    [left, right],
  );
  const body = [text(16, 48, note, 'faint')];
  const bottom = TOP + bars.length * BAR_HEIGHT;
  for (const tick of scale.ticks) {
    body.push(line(scale.place(tick), TOP - 4, scale.place(tick), bottom));
    body.push(text(scale.place(tick), bottom + 18, short(tick), 'faint', 'middle'));
  }
  bars.forEach(({ label, value, shown = short(value) }, index) => {
    const high = TOP + index * BAR_HEIGHT;
    const end = Math.max(scale.place(value), left + 1);
    body.push(
      text(left - 10, high + 16, label, '', 'end'),
      `<rect x="${round(left)}" y="${round(high + 3)}" width="${round(end - left)}" height="${BAR_HEIGHT - 8}" style="fill: var(--data0)"/>`,
      text(end + 6, high + 16, shown),
    );
  });
  return picture(bottom + 32, title, body);
}

/**
 * Where values are drawn between two places, and the values that are written beside the axis.
 *
 * @param floor whether a logarithmic axis begins below the least value, so that its bar has a length
 * @param tight whether the axis begins and ends with the values
 */
function scaleOf(values, { log = false, floor = false, tight = false }, [from, to]) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (log) {
    if (least <= 0) throw new Error('A logarithmic axis has no place for values that are not greater than 0.');
    const low = Math.floor(Math.log10(least)) - (floor && Number.isInteger(Math.log10(least)) ? 1 : 0);
    const high = Math.max(Math.ceil(Math.log10(most)), low + 1);
    const [begin, end] = tight && most > least ? [Math.log10(least), Math.log10(most)] : [low, high];
    const decades = Array.from({ length: high - low + 1 }, (_, index) => low + index);
    const ticks = tight ? [...new Set(values)] : decades.map((power) => 10 ** power);
    return { ticks, place: (value) => from + ((to - from) * (Math.log10(value) - begin)) / (end - begin) };
  }
  const step = niceStep(most);
  const end = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  return { ticks: tight ? [...new Set(values)] : ticks, place: (value) => from + ((to - from) * value) / end };
}

/** 1, 2 or 5 times a power of ten, so that there are about five steps. */
function niceStep(most) {
  const rough = (most || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
}

/** `10k`, `2.5M`, `0.01`. */
function short(value) {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ]) {
    if (Math.abs(value) >= size) return `${Number((value / size).toPrecision(3))}${unit}`;
  }
  return String(Number(value.toPrecision(3)));
}

/** A disc, a square, a triangle or a diamond. */
function mark(x, y, index) {
  const style = `style="fill: var(--data${index % COLOURS.length})"`;
  const [left, high] = [round(x), round(y)];
  switch (index % 4) {
    case 0:
      return `<circle cx="${left}" cy="${high}" r="4" ${style}/>`;
    case 1:
      return `<rect x="${round(left - 4)}" y="${round(high - 4)}" width="8" height="8" ${style}/>`;
    case 2:
      return `<path d="M${left} ${round(high - 5)}l5 9h-10z" ${style}/>`;
    default:
      return `<path d="M${left} ${round(high - 6)}l6 6l-6 6l-6 -6z" ${style}/>`;
  }
}

function picture(height, title, body) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="12">
${STYLE}
<rect class="paper" width="${WIDTH}" height="${height}"/>
${text(16, 26, title, 'title')}
${body.filter((part) => part !== '').join('\n')}
</svg>
`;
}

function text(x, y, words, name = '', anchor = '') {
  if (words === '' || words === undefined) return '';
  const attributes = `${name === '' ? '' : ` class="${name}"`}${anchor === '' ? '' : ` text-anchor="${anchor}"`}`;
  return `<text x="${round(x)}" y="${round(y)}"${attributes}>${escaped(String(words))}</text>`;
}

function line(x1, y1, x2, y2, name = '') {
  const attribute = name === '' ? '' : ` class="${name}"`;
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"${attribute}/>`;
}

function escaped(words) {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function round(value) {
  return Math.round(value * 10) / 10;
}
