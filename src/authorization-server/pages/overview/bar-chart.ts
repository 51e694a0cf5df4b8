import { element, type PictureFrame, picture, text } from './svg.js';

const WIDTH = 480;
const HEIGHT = 170;
/** Around the bars: numbers on the left, times below. */
const LEFT = 44;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 24;
/** The share of its slot that a bar fills. */
const BAR = 0.82;

/** A stack of bars over time. */
export interface BarChart extends Pick<PictureFrame, 'id' | 'title' | 'description'> {
  /** The classes of the series, from the bottom up. */
  readonly classNames: readonly string[];
  /** For each slot of time, oldest first, the value of each series. */
  readonly slots: readonly (readonly number[])[];
  /** What stands below the first, the middle and the last slot. */
  readonly times: readonly [string, string, string];
  readonly number: (value: number) => string;
}

/** Draws it. */
export function barChart({ slots, classNames, times, number, ...frame }: BarChart): string {
  const plotWidth = WIDTH - LEFT - RIGHT;
  const plotHeight = HEIGHT - TOP - BOTTOM;
  const top = niceMaximum(Math.max(0, ...slots.map((values) => values.reduce((sum, value) => sum + value, 0))));
  const yOf = (value: number) => TOP + plotHeight * (1 - value / top);
  const parts = [0, top / 2, top].map(
    (value) =>
      element('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: yOf(value), y2: yOf(value) }) +
      text(LEFT - 6, yOf(value) + 4, 'end', number(value)),
  );
  const step = plotWidth / slots.length;
  slots.forEach((values, index) => {
    let below = 0;
    values.forEach((value, series) => {
      if (value <= 0) return;
      const y = yOf(below + value);
      const height = yOf(below) - y;
      below += value;
      const x = LEFT + step * (index + (1 - BAR) / 2);
      parts.push(element('rect', { class: classNames[series], x, y, width: step * BAR, height }));
    });
  });
  const [first, middle, last] = times;
  const baseline = HEIGHT - 6;
  parts.push(
    text(LEFT, baseline, 'start', first),
    text(LEFT + plotWidth / 2, baseline, 'middle', middle),
    text(WIDTH - RIGHT, baseline, 'end', last),
  );
  return picture({ ...frame, width: WIDTH, height: HEIGHT }, parts);
}

/** The least of 2, 4, 10, 20, 40, 100 … that is not exceeded, so that its half is a whole number. */
export function niceMaximum(value: number): number {
  for (let unit = 1; ; unit *= 10) for (const step of [2, 4, 10]) if (value <= step * unit) return step * unit;
}
