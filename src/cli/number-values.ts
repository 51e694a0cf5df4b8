import { InvalidArgumentError } from 'commander';

/** Creates a parser for a whole number within bounds. */
export function wholeNumber(minimum: number, maximum: number, fix: string): (value: string) => number {
  return (value) => {
    const number = /^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= minimum && number <= maximum)) {
      throw new InvalidArgumentError(`Give a whole number from ${minimum} to ${maximum}: ${fix}`);
    }
    return number;
  };
}

/** In seconds. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
]);

/** Creates a parser for a duration (`90s`, `45m`, `24h`, `7d`; seconds without a unit), which returns seconds. */
export function duration(mostSeconds: number, most: string): (value: string) => number {
  return (value) => {
    const [, count = '', unit = ''] = /^(\d{1,9})([smhd]?)$/.exec(value) ?? [];
    const seconds = count === '' ? Number.NaN : Number(count) * (UNITS.get(unit) as number);
    if (seconds <= mostSeconds) return seconds;
    throw new InvalidArgumentError(`Give a number with a unit, such as 90s, 45m, 24h or 7d; at most ${most}.`);
  };
}
