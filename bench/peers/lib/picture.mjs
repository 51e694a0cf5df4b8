/** The results of a run as a picture: throughput beside ours, a bar for each contender. */
import { labelOf } from './contenders.mjs';
import { MODES } from './modes.mjs';

const WIDTH = 1000;
const LEFT = 580;
const RIGHT = 130;
const ROW = 22;
const HEAD = 34;
const GAP = 18;
/** Readable on white and on black, depending on the viewer's colour scheme. */
const STYLE = `<style>
svg { --paper: #ffffff; --ink: #1f2937; --faint: #6b7280; --ours: #2563eb; --others: #9ca3af; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #0d1117; --ink: #e5e7eb; --faint: #9ca3af; --ours: #60a5fa; --others: #6b7280; }
}
text { fill: var(--ink); } .faint { fill: var(--faint); } .title { font-size: 15px; } .head { font-size: 13px; font-weight: 600; }
rect.paper { fill: var(--paper); } rect.ours { fill: var(--ours); } rect.others { fill: var(--others); }
line { stroke: var(--faint); stroke-dasharray: 2 3; }
</style>`;

/** @returns an SVG, the same for the same results; nothing in it is loaded from elsewhere */
export function picture({ rows }) {
  const body = [];
  let top = 44;
  for (const mode of Object.keys(MODES)) {
    const bars = barsOf(mode, rows);
    if (bars.length === 0) continue;
    body.push(...panel(MODES[mode].title, bars, top));
    top += HEAD + bars.length * ROW + GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img" aria-label="${TITLE}" font-family="system-ui, sans-serif" font-size="12">
${STYLE}
<rect class="paper" width="${WIDTH}" height="${top}"/>
<text x="16" y="26" class="title">${TITLE}</text>
${body.join('\n')}
</svg>
`;
}

const TITLE = 'Requests per second beside ours, more is better';

/** Ours first, then the others from the fastest on; not the noise. */
function barsOf(mode, rows) {
  const { baseline, limit } = MODES[mode];
  const throttled = limit !== undefined;
  const measured = rows.filter(
    (row) => row.mode === mode && row.failed === undefined && !row.contender.endsWith('-again'),
  );
  if (measured.length === 0) return [];
  const others = measured.map(({ contender, ratio }) => ({
    ...{ label: labelOf(contender, { throttled }), ratio },
    kind: contender.startsWith('ours') ? 'ours' : 'others',
  }));
  others.sort((one, other) => other.ratio - one.ratio || (one.label < other.label ? -1 : 1));
  return [{ label: labelOf(baseline, { throttled }), ratio: 1, kind: 'ours' }, ...others];
}

function panel(title, bars, top) {
  const most = Math.max(...bars.map(({ ratio }) => ratio));
  const width = (ratio) => ((WIDTH - LEFT - RIGHT) * ratio) / most;
  const first = top + HEAD;
  const end = first + bars.length * ROW;
  return [
    `<text x="16" y="${top + 20}" class="head">${escaped(title)}</text>`,
    ...bars.flatMap(({ label, ratio, kind }, index) => {
      const y = first + index * ROW;
      return [
        `<text x="${LEFT - 10}" y="${y + 14}" text-anchor="end">${escaped(label)}</text>`,
        `<rect class="${kind}" x="${LEFT}" y="${y + 3}" width="${tenth(width(ratio))}" height="${ROW - 7}"/>`,
        `<text x="${tenth(LEFT + width(ratio) + 6)}" y="${y + 14}">${ratio.toFixed(2)}</text>`,
      ];
    }),
    `<line x1="${tenth(LEFT + width(1))}" y1="${first}" x2="${tenth(LEFT + width(1))}" y2="${end}"/>`,
  ];
}

function tenth(value) {
  return Math.round(value * 10) / 10;
}

/** Backquotes are for Markdown. */
function escaped(text) {
  return text.replaceAll('`', '').replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
