import { LOOK_UP_LEVELS } from '../../../core/observation/outcomes.js';
import type { HistorySlot } from '../../../core/observation/overview.js';
import type { OverviewPicture, OverviewTopic } from '../rendering/overview-models.js';
import { fillText } from '../rendering/page-text.js';
import type { Texts } from '../rendering/texts.js';
import { barChart } from './bar-chart.js';

/** How many causes and policies get a colour of their own; the rest is shown together. */
const MOST_SERIES = 5;
/** The class of what is shown together. */
const OTHERS_CLASS = 's6';

/** How numbers and times are written. */
export interface Formats {
  readonly number: (value: number) => string;
  /** With little room, such as 10K. */
  readonly shortNumber: (value: number) => string;
  readonly percent: (share: number) => string;
  /** Hours and minutes, UTC. */
  readonly time: (atMilliseconds: number) => string;
}

/** The times that are shown. */
export interface Spans {
  readonly hour: readonly HistorySlot[];
  readonly day: readonly HistorySlot[];
}

interface Series {
  readonly name: string;
  readonly className: string;
  readonly of: (slot: HistorySlot) => number;
}

/** Makes the pictures over time. */
export function topicsOf(spans: Spans, texts: Texts, formats: Formats): OverviewTopic[] {
  const t = texts.overview;
  const topic = (id: string, title: string, series: readonly Series[]): OverviewTopic => ({
    id,
    title,
    pictures: [
      pictureOf(`${id}-hour`, fillText(t.lastHour, { title }), spans.hour, series, texts, formats),
      pictureOf(`${id}-day`, fillText(t.lastDay, { title }), spans.day, series, texts, formats),
    ],
  });
  return [
    topic('tokens', t.tokens, [
      { name: t.issued, className: 's1', of: ({ issued }) => issued },
      { name: t.revoked, className: 's2', of: ({ revoked }) => revoked },
    ]),
    topic('requests', t.requests, [
      { name: t.passed, className: 's1', of: passed },
      { name: t.refused, className: 's2', of: refused },
    ]),
    topic(
      'refusals',
      t.refusals,
      mostOf(spans, refusalsIn, (cause) => causeOf(cause, texts), t.others),
    ),
    topic(
      'levels',
      t.levels,
      LOOK_UP_LEVELS.map((level, index) => ({
        name: t[`level-${level}`],
        className: `s${index + 1}`,
        of: ({ levels }) => levels[level],
      })),
    ),
    topic(
      'throttled',
      t.throttled,
      mostOf(spans, throttledIn, (policy) => policy, t.others),
    ),
  ];
}

function passed({ access }: HistorySlot): number {
  return (access.granted ?? 0) + (access.public ?? 0);
}

function refused(slot: HistorySlot): number {
  return Object.values(refusalsIn(slot)).reduce((sum, count) => sum + count, 0);
}

function refusalsIn({ access: { granted: _granted, public: _public, ...refusals } }: HistorySlot) {
  return refusals as Readonly<Record<string, number>>;
}

function throttledIn({ policies }: HistorySlot): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(policies).map(([name, { refused: count }]) => [name, count]));
}

function causeOf(cause: string, { overview }: Texts): string {
  return (overview as Readonly<Record<string, string>>)[`cause-${cause}`] ?? cause;
}

/** The names with the greatest counts of the day, each as a series, and all others as one. */
function mostOf(
  { hour, day }: Spans,
  countsIn: (slot: HistorySlot) => Readonly<Record<string, number>>,
  nameOf: (name: string) => string,
  others: string,
): Series[] {
  const totals = new Map<string, number>();
  for (const slot of [...day, ...hour]) {
    for (const [name, count] of Object.entries(countsIn(slot))) totals.set(name, (totals.get(name) ?? 0) + count);
  }
  const names = [...totals].filter(([, total]) => total > 0).sort((one, other) => other[1] - one[1]);
  const shown = names.slice(0, names.length > MOST_SERIES + 1 ? MOST_SERIES : MOST_SERIES + 1).map(([name]) => name);
  const series = shown.map((name, index) => ({
    name: nameOf(name),
    className: `s${index + 1}`,
    of: (slot: HistorySlot) => countsIn(slot)[name] ?? 0,
  }));
  if (names.length <= shown.length) return series;
  const rest = names.slice(shown.length).map(([name]) => name);
  const ofRest = (slot: HistorySlot) => rest.reduce((sum, name) => sum + (countsIn(slot)[name] ?? 0), 0);
  return [...series, { name: others, className: OTHERS_CLASS, of: ofRest }];
}

function pictureOf(
  id: string,
  title: string,
  slots: readonly HistorySlot[],
  series: readonly Series[],
  { overview: t }: Texts,
  { number, shortNumber, time }: Formats,
): OverviewPicture {
  const rows = slots.map((slot) => ({
    atMilliseconds: slot.startsAtMilliseconds,
    values: series.map(({ of }) => of(slot)),
  }));
  const totals = series.map(({ name, className }, index) => ({
    name,
    className,
    total: rows.reduce((sum, { values }) => sum + (values[index] as number), 0),
  }));
  const timeAt = (index: number) => time(slots[index]?.startsAtMilliseconds ?? 0);
  const described = totals.map(({ name, total }) => `${name}: ${number(total)}`).join('; ');
  return {
    id,
    title,
    series: totals,
    svg: barChart({
      id,
      title,
      description: described === '' ? t.nothing : described,
      classNames: totals.map(({ className }) => className),
      slots: rows.map(({ values }) => values),
      times: [timeAt(0), timeAt(Math.floor(slots.length / 2)), timeAt(slots.length - 1)],
      number: shortNumber,
    }),
    rows: rows.filter(({ values }) => values.some((value) => value > 0)),
  };
}
