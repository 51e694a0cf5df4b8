import type { Clock } from '../../core/clock.js';
import { systemClock } from '../../core/clock.js';
import { ConfigurationError } from '../../core/errors.js';

/** What both kinds of token cache can be told. */
export interface LocalTokenCacheOptions {
  /** How many good tokens this process holds; default 10 000, or no such limit where `maxBytes` is given. */
  readonly maxEntries?: number;
  /** How many bytes the good tokens may take, by estimate (a token is about 1 KiB); default no limit by bytes. */
  readonly maxBytes?: number;
  /** How long after a revocation the token may still be admitted, in seconds; default 1. */
  readonly revocationBoundSeconds?: number;
  /** How long a refusal (unknown, revoked, expired) is remembered, in seconds; default 1, 0 remembers none. */
  readonly negativeMaxAgeSeconds?: number;
  /** How many refusals this process remembers; default 10 000. They are kept apart, so they displace no good token. */
  readonly negativeMaxEntries?: number;
  /** The time; default the machine's. */
  readonly clock?: Clock;
}

/** What an application can set; with Redis and without it. */
export interface CacheOptions extends Omit<LocalTokenCacheOptions, 'clock'> {
  /** With Redis: how long an answer may be kept at all, in seconds from its look-up; default 30. */
  readonly maxAgeSeconds?: number;
  /** With Redis: how long a request waits for it before the database is asked, in milliseconds; default 50. */
  readonly deadlineMilliseconds?: number;
}

/** The same, complete, in milliseconds. */
export interface LocalSettings {
  /** 0: no limit by count. */
  readonly maxEntries: number;
  /** 0: no limit by bytes. */
  readonly maxBytes: number;
  readonly boundMilliseconds: number;
  readonly negativeMilliseconds: number;
  readonly negativeMaxEntries: number;
  readonly clock: Clock;
}

interface NumberRule {
  readonly minimum: number;
  readonly maximum: number;
  readonly whole?: boolean;
  readonly fallback: number;
}

/**
 * Reads an option that is a number.
 *
 * @throws ConfigurationError naming the option, the value and what would be right
 */
export function numberOption(name: string, value: unknown, rule: NumberRule): number {
  if (value === undefined) return rule.fallback;
  const fits = typeof value === 'number' && value >= rule.minimum && value <= rule.maximum;
  if (!fits || (rule.whole === true && !Number.isInteger(value))) {
    const kind = rule.whole === true ? 'a whole number' : 'a number';
    throw new ConfigurationError(
      `cache.${name}: ${shown(value)} is not ${kind} from ${rule.minimum} to ${rule.maximum}; the default is ${rule.fallback}.`,
    );
  }
  return value;
}

/** An option's value as a message may show it. */
export function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value));
}

/** `lru-cache` reserves its tables at the start, some 20 bytes per entry. */
const MANY = 10_000_000;

/**
 * Completes and checks the options that both kinds share. `minimumBoundSeconds` is the least revocation bound that the
 * cache can keep.
 *
 * @throws ConfigurationError
 */
export function localSettings(options: LocalTokenCacheOptions, minimumBoundSeconds: number): LocalSettings {
  const maxBytes = numberOption('maxBytes', options.maxBytes, {
    minimum: 4096,
    maximum: Number.MAX_SAFE_INTEGER,
    whole: true,
    fallback: 0,
  });
  const seconds = (name: 'revocationBoundSeconds' | 'negativeMaxAgeSeconds', minimum: number) =>
    numberOption(name, options[name], { minimum, maximum: 60, fallback: 1 }) * 1000;
  return {
    maxBytes,
    maxEntries: numberOption('maxEntries', options.maxEntries, {
      minimum: 1,
      maximum: MANY,
      whole: true,
      fallback: maxBytes > 0 ? 0 : 10_000,
    }),
    boundMilliseconds: seconds('revocationBoundSeconds', minimumBoundSeconds),
    negativeMilliseconds: seconds('negativeMaxAgeSeconds', 0),
    negativeMaxEntries: numberOption('negativeMaxEntries', options.negativeMaxEntries, {
      minimum: 1,
      maximum: MANY,
      whole: true,
      fallback: 10_000,
    }),
    clock: options.clock ?? systemClock,
  };
}

/** How long Redis may take for an invalidation or a probe; requests wait only for the deadline. */
export const COMMAND_TIMEOUT_MILLISECONDS = 1_000;

/** What only the shared cache needs, in milliseconds. */
export interface SharedTimes {
  readonly maxAgeMilliseconds: number;
  readonly deadlineMilliseconds: number;
}

/**
 * Completes and checks the options of the shared cache.
 *
 * @throws ConfigurationError
 */
export function sharedTimes(options: CacheOptions, { boundMilliseconds }: LocalSettings): SharedTimes {
  const boundSeconds = boundMilliseconds / 1000;
  const maxAgeSeconds = numberOption('maxAgeSeconds', options.maxAgeSeconds, {
    minimum: boundSeconds,
    maximum: 86_400,
    fallback: Math.max(30, boundSeconds),
  });
  return {
    maxAgeMilliseconds: maxAgeSeconds * 1000,
    deadlineMilliseconds: numberOption('deadlineMilliseconds', options.deadlineMilliseconds, {
      minimum: 1,
      maximum: COMMAND_TIMEOUT_MILLISECONDS,
      fallback: 50,
    }),
  };
}
