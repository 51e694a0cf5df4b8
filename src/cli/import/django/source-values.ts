import { sha256 } from '../../../core/digest.js';
import type { TimeZone } from './time-zone.js';

/** A row of the source: every value as text, as the database writes it. */
export type SourceRow = Readonly<Record<string, string | null | undefined>>;

/** The property of rows of which a value is too long to be read. No column has this name. */
export const OVERSIZED = '(oversized)';

/** `2036-11-25 14:27:17.205570`, with or without an offset; without one it is UTC, as Django stores it with `USE_TZ`. */
const DATE = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)?$/;
/** Seconds since the Unix epoch. */
const EPOCH = /^-?\d{1,13}(?:\.\d+)?$/;

/** The last moment that a date of JavaScript and a column of times can both hold: the end of the year 9999. */
const LATEST_MILLISECONDS = 253_402_300_799_999;

/** A time in milliseconds since the Unix epoch, rounded down; `undefined` if it is none. */
export function timeOf(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined) return undefined;
  const milliseconds = EPOCH.test(text) ? Math.floor(Number(text) * 1000) : dateOf(text);
  return milliseconds >= 0 && milliseconds <= LATEST_MILLISECONDS ? milliseconds : undefined;
}

function dateOf(text: string): number {
  const parts = DATE.exec(text);
  // `Date.parse` would find a year in almost anything.
  if (parts === null) return Number.NaN;
  const [, day, time, seconds = ':00', fraction = '', offset = 'Z'] = parts;
  const colon =
    offset.length > 3 ? offset.replace(/^([+-]\d\d):?(\d\d)$/, '$1:$2') : offset.replace(/^([+-]\d\d)$/, '$1:00');
  return Date.parse(`${day}T${time}${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${colon}`);
}

/** A date and time without an offset, which is what clocks in a zone showed, with one; any other text as it is. */
export function withOffset(text: string, zone: TimeZone): string {
  const shown = DATE.exec(text)?.[5] === undefined ? dateOf(text) : Number.NaN;
  return Number.isNaN(shown) ? text : new Date(zone.momentOf(shown)).toISOString();
}

/** A flag: databases write `1`, `true` or `t`. `undefined` if the column is missing or NULL. */
export function flagOf(text: string | null | undefined): boolean | undefined {
  if (text === null || text === undefined) return undefined;
  return /^(?:1|t|true)$/i.test(text);
}

/** The words of a list as Django splits it: at any white space. Without duplicates. */
export function wordsOf(text: string | null | undefined): string[] {
  return [...new Set((text ?? '').split(/\s+/).filter((word) => word !== ''))];
}

/**
 * The SHA-256 of a token. The checksum that the source keeps is used if it has one; otherwise it is computed.
 *
 * @returns `undefined` if there is neither
 */
export function digestOf({ token_checksum: checksum, token }: SourceRow): Buffer | undefined {
  if (typeof checksum === 'string' && /^[0-9a-f]{64}$/i.test(checksum)) return Buffer.from(checksum, 'hex');
  return typeof token === 'string' && token !== '' ? sha256(token) : undefined;
}

/**
 * The resources of a token (RFC 8707), a JSON list. An empty list, as a column that is missing or NULL, means any.
 *
 * @returns `undefined` if it cannot be read: such a token must not become one without bounds
 */
export function resourcesOf(text: string | null | undefined): readonly string[] | undefined {
  if (text === null || text === undefined || text === '') return [];
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed === null) return [];
    const isList = Array.isArray(parsed) && parsed.every((entry) => typeof entry === 'string' && entry !== '');
    return isList ? [...new Set(parsed as string[])] : undefined;
  } catch {
    return undefined;
  }
}
