import { ConfigurationError } from 'routing-controllers-oauth2';
import { parseRate } from 'routing-controllers-oauth2/throttling';
import type { MetricsSettings } from './metrics.js';

/** The settings in the environment. */
export interface Settings {
  /** 0: any free port. */
  readonly port: number;
  /** The loopback unless told otherwise; `::` or `0.0.0.0`: every address of this machine. */
  readonly host: string;
  /** A database URL, or the path of an SQLite file. */
  readonly databaseUrl: string;
  /** `undefined`: this process caches and counts locally. */
  readonly redisUrl: string | undefined;
  /** The prefix of every Redis key. */
  readonly keyPrefix: string;
  /** Rates such as `100/hour`; `null` is no limit. */
  readonly throttleUser: string | null;
  readonly throttleAnon: string | null;
  /** `undefined`: the package's default. */
  readonly throttleFailedAuthentication: string | null | undefined;
  readonly errorResponseWithScopes: boolean;
  /** The keys that sign session cookies, the newest first; `undefined`: a random key of this process. */
  readonly sessionKeys: readonly string[] | undefined;
  /**
   * The keys with which the authorization server encrypts stored data, the newest first; `undefined`: see
   * `encryption-keys.ts`.
   */
  readonly encryptionKeys: readonly string[] | undefined;
  /** The origin under which browsers and clients reach the bookstore; `undefined`: the address on which it listens. */
  readonly publicUrl: string | undefined;
  /** How many proxies in front of this process append to X-Forwarded-For. */
  readonly trustedProxies: number;
  /** Where the metrics are served; `undefined`: nowhere. */
  readonly metrics: MetricsSettings | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks the environment. An empty variable counts as not set.
 *
 * @throws ConfigurationError naming the variable, its value and the fix
 */
export function readSettings(environment: Environment): Settings {
  const value = (name: string): string | undefined => environment[name]?.trim() || undefined;
  return {
    port: wholeNumber('PORT', value('PORT'), 3000, 65_535),
    host: value('HOST') ?? '127.0.0.1',
    databaseUrl: value('DATABASE_URL') ?? '.data/bookstore.sqlite',
    redisUrl: redisUrl(value('REDIS_URL')),
    keyPrefix: value('REDIS_KEY_PREFIX') ?? 'oauth2:',
    throttleUser: rate('THROTTLE_USER', value('THROTTLE_USER') ?? '100/hour'),
    throttleAnon: rate('THROTTLE_ANON', value('THROTTLE_ANON') ?? '10/hour'),
    throttleFailedAuthentication: optionalRate('THROTTLE_FAILED_AUTHENTICATION', value),
    errorResponseWithScopes: flag('ERROR_RESPONSE_WITH_SCOPES', value('ERROR_RESPONSE_WITH_SCOPES'), true),
    sessionKeys: list('SESSION_KEYS', value('SESSION_KEYS')),
    encryptionKeys: encryptionKeys(list('OAUTH2_ENCRYPTION_KEYS', value('OAUTH2_ENCRYPTION_KEYS'))),
    publicUrl: publicUrl(value('PUBLIC_URL')),
    trustedProxies: wholeNumber('TRUSTED_PROXIES', value('TRUSTED_PROXIES'), 0, 32),
    metrics: metrics(value('METRICS_PORT'), value('METRICS_HOST')),
  };
}

function wholeNumber(name: string, value: string | undefined, fallback: number, most: number): number {
  if (value === undefined) return fallback;
  const number = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number <= most)) throw invalid(name, value, `give a whole number from 0 to ${most}`);
  return number;
}

/** Only this machine reaches them, unless an address is named. */
function metrics(port: string | undefined, host = '127.0.0.1'): MetricsSettings | undefined {
  if (port === undefined) return undefined;
  return { port: wholeNumber('METRICS_PORT', port, 0, 65_535), host };
}

function rate(name: string, value: string): string | null {
  if (value === 'null') return null;
  parseRate(value, name);
  return value;
}

function optionalRate(name: string, value: (name: string) => string | undefined): string | null | undefined {
  const text = value(name);
  return text === undefined ? undefined : rate(name, text);
}

const FLAGS: Readonly<Record<string, boolean>> = { on: true, true: true, 1: true, off: false, false: false, 0: false };

function flag(name: string, value: string | undefined, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  const known = Object.hasOwn(FLAGS, value.toLowerCase()) ? FLAGS[value.toLowerCase()] : undefined;
  if (known === undefined) throw invalid(name, value, 'use on or off');
  return known;
}

function list(name: string, value: string | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const keys = value.split(',').map((key) => key.trim());
  // The value is secret, so the message does not repeat it.
  if (keys.includes('')) throw new ConfigurationError(`${name} has an empty key; separate keys by single commas.`);
  return keys;
}

function encryptionKeys(keys: readonly string[] | undefined): readonly string[] | undefined {
  if (keys?.every((key) => /^[A-Za-z0-9_-]{43}$/.test(key)) ?? true) return keys;
  throw new ConfigurationError('OAUTH2_ENCRYPTION_KEYS must be keys of 32 bytes in base64url: 43 characters each.');
}

function redisUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const isRedis = /^rediss?:\/\//i.test(value) && URL.canParse(value);
  // A URL may contain a password, so the message does not repeat it.
  if (!isRedis) throw new ConfigurationError('REDIS_URL is not a Redis URL; write it as redis://host:6379.');
  return value;
}

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

function publicUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const { protocol, hostname, origin } = URL.canParse(value) ? new URL(value) : new URL('none:');
  const isSafe = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
  if (isSafe && value === origin) return value;
  throw invalid(
    'PUBLIC_URL',
    value,
    'write an origin such as https://books.example.com; http is only for this machine',
  );
}

/**
 * The issuer of tokens: the origin that browsers and clients see.
 *
 * @param listening the URL under which this machine reaches the bookstore
 * @throws ConfigurationError if others cannot reach that URL, and no public one is given
 */
export function issuerOf({ publicUrl, host }: Settings, listening: string): string {
  if (publicUrl !== undefined) return publicUrl;
  if (LOOPBACK.test(new URL(listening).hostname)) return listening;
  throw new ConfigurationError(
    `PUBLIC_URL is needed where HOST is ${JSON.stringify(host)}: browsers and clients must reach the bookstore by https.`,
  );
}

function invalid(name: string, value: string, fix: string): ConfigurationError {
  return new ConfigurationError(`${name} cannot be ${JSON.stringify(value)}: ${fix}.`);
}
