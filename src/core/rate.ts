import { refuseOption } from './options/index.js';
import { MAXIMUM_INTEGER } from './structured-fields.js';

/** How much in how long: `limit` units per window. A limit of 0 refuses everything. */
export interface Rate {
  /** How many requests a window admits. */
  readonly limit: number;
  /** The length of the window, in milliseconds. */
  readonly windowMilliseconds: number;
  /** The length of the window, in seconds. */
  readonly windowSeconds: number;
}

/** The largest limit that the response fields can express (RFC 9651 §3.3.1). */
export const MAXIMUM_LIMIT = MAXIMUM_INTEGER;

/** The longest window: 366 days. */
export const MAXIMUM_WINDOW_SECONDS = 366 * 86_400;

const SECONDS: Readonly<Record<string, number>> = Object.freeze({
  ...unit(1, 's', 'sec', 'secs', 'second', 'seconds'),
  ...unit(60, 'm', 'min', 'mins', 'minute', 'minutes'),
  ...unit(3600, 'h', 'hr', 'hrs', 'hour', 'hours'),
  ...unit(86_400, 'd', 'day', 'days'),
});

function unit(seconds: number, ...names: string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, seconds]));
}

const RATE = /^(\d+)\/(\d*)([a-z]+)$/;
const FORM = 'write it as limit/period, e.g. "100/hour", "10/5m" or "1/s" (periods s, m, h, d), or null for no limit';

/**
 * Reads a rate: `100/hour`, `10/5m`, `1/s`; `null` is unlimited, `0/m` refuses everything. The period is read whole
 * (`5/month` is an error, not five a minute).
 *
 * @param path the option, or who declared it
 * @param text the rate, e.g. `100/hour`
 * @returns the rate with its window in milliseconds and seconds; `null` for no limit
 * @throws ConfigurationError if it is anything else
 *
 * @example
 * ```ts
 * import { parseRate } from 'routing-controllers-oauth2/throttling';
 *
 * const rate = parseRate('10/5m', 'settings.rate');
 * console.log(rate?.limit, rate?.windowSeconds); // 10 300
 * ```
 */
export function parseRate(text: string | null, path: string): Rate | null {
  if (text === null) return null;
  const refuse = (fix: string) => refuseOption(path, text, fix, { rate: true });
  const match = typeof text === 'string' ? RATE.exec(text) : null;
  if (match === null) return refuse(`it is not a rate; ${FORM}`);
  const [, limitText = '', countText = '', unitText = ''] = match;
  const unitSeconds = Object.hasOwn(SECONDS, unitText) ? SECONDS[unitText] : undefined;
  if (unitSeconds === undefined) return refuse(`its period is not known; ${FORM}`);
  const limit = Number(limitText);
  if (limit > MAXIMUM_LIMIT) return refuse(`its limit is above ${MAXIMUM_LIMIT}; lower it, or use null`);
  const windowSeconds = (countText === '' ? 1 : Number(countText)) * unitSeconds;
  if (windowSeconds === 0) return refuse('its window has no length; give a period of at least one second');
  if (windowSeconds > MAXIMUM_WINDOW_SECONDS) return refuse('its window is longer than 366 days; shorten it');
  return Object.freeze({ limit, windowMilliseconds: windowSeconds * 1000, windowSeconds });
}
