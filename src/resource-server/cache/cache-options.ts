import type { Clock } from '../../core/clock.js';
import { systemClock } from '../../core/clock.js';
import { numberOption, optionPath, type Range, wholeNumberOption } from '../../core/options/index.js';
import type { SecretKey } from '../../core/secret-keys.js';

/** How tokens are cached, with and without Redis: the option `cache` of `createOAuth2`. */
export interface CacheOptions {
  /** How many verified tokens this process keeps; default 10 000, or no such limit where `maxBytes` is given. */
  readonly maxEntries?: number | undefined;
  /** How many bytes the verified tokens may occupy, estimated (a token is about 1 KiB); default no limit by bytes. */
  readonly maxBytes?: number | undefined;
  /** How long after a revocation the token may still be admitted, in seconds; default 1. */
  readonly revocationBoundSeconds?: number | undefined;
  /** How long a refusal (unknown, revoked, expired) is remembered, in seconds; default 1, 0 remembers none. */
  readonly negativeMaxAgeSeconds?: number | undefined;
  /**
   * How many refusals this process remembers; default 10 000. They are kept separately, so they displace no verified
   * tokens.
   */
  readonly negativeMaxEntries?: number | undefined;
  /** With Redis: how long an answer may be kept, in seconds from its look-up; default 30. */
  readonly maxAgeSeconds?: number | undefined;
  /** With Redis: how long a request waits for it before the database is asked, in milliseconds; default 50. */
  readonly deadlineMilliseconds?: number | undefined;
  /**
   * With Redis: keys of 32 bytes (or their base64url text) by which entries and messages there are authenticated. The
   * first one signs, each one verifies, so that one can be replaced by the next. Default: a key that the database holds.
   */
  readonly authenticationKeys?: readonly SecretKey[] | undefined;
}

/** The options that both kinds of token cache have. */
export interface LocalTokenCacheOptions
  extends Omit<CacheOptions, 'maxAgeSeconds' | 'deadlineMilliseconds' | 'authenticationKeys'> {
  /** The time; default the machine's. */
  readonly clock?: Clock | undefined;
}

/** The names of these options. */
export const CACHE_OPTION_NAMES = [
  'maxEntries',
  'maxBytes',
  'revocationBoundSeconds',
  'negativeMaxAgeSeconds',
  'negativeMaxEntries',
  'maxAgeSeconds',
  'deadlineMilliseconds',
  'authenticationKeys',
] as const satisfies readonly (keyof CacheOptions)[];

/** The options, completed, in milliseconds. */
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

/** `lru-cache` allocates its tables in advance, about 20 bytes per entry. */
const MANY = 10_000_000;

/**
 * Completes and checks the options that both kinds share. `minimumBoundSeconds` is the smallest revocation bound that
 * the cache can guarantee.
 *
 * @throws ConfigurationError
 */
export function localSettings(options: LocalTokenCacheOptions, minimumBoundSeconds: number): LocalSettings {
  const whole = (name: 'maxBytes' | 'maxEntries' | 'negativeMaxEntries', range: Range, fallback: number) => {
    const value = options[name];
    return value === undefined ? fallback : wholeNumberOption(optionPath('cache', name), value, range);
  };
  const seconds = (name: 'revocationBoundSeconds' | 'negativeMaxAgeSeconds', least: number) => {
    const value = options[name];
    return (value === undefined ? 1 : numberOption(optionPath('cache', name), value, { least, most: 60 })) * 1000;
  };
  const maxBytes = whole('maxBytes', { least: 4096, most: Number.MAX_SAFE_INTEGER }, 0);
  return {
    maxBytes,
    maxEntries: whole('maxEntries', { least: 1, most: MANY }, maxBytes > 0 ? 0 : 10_000),
    boundMilliseconds: seconds('revocationBoundSeconds', minimumBoundSeconds),
    negativeMilliseconds: seconds('negativeMaxAgeSeconds', 0),
    negativeMaxEntries: whole('negativeMaxEntries', { least: 1, most: MANY }, 10_000),
    clock: options.clock ?? systemClock,
  };
}

/** How long Redis may take for an invalidation or a probe; requests wait only for the deadline. */
export const COMMAND_TIMEOUT_MILLISECONDS = 1_000;

/** The settings that only the shared cache has, in milliseconds. */
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
  const { maxAgeSeconds = Math.max(30, boundSeconds), deadlineMilliseconds = 50 } = options;
  numberOption('cache.maxAgeSeconds', maxAgeSeconds, { least: boundSeconds, most: 86_400 });
  numberOption('cache.deadlineMilliseconds', deadlineMilliseconds, { least: 1, most: COMMAND_TIMEOUT_MILLISECONDS });
  return { maxAgeMilliseconds: maxAgeSeconds * 1000, deadlineMilliseconds };
}
