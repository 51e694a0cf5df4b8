import { InvalidArgumentError, Option } from 'commander';
import type { ApplicationLifetimes } from '../../../storage/index.js';

/** The flags of lifetimes, by the property that each decides. */
const FLAGS: Readonly<Record<keyof ApplicationLifetimes, readonly [flag: string, what: string, most: number]>> = {
  accessTokenLifetimeSeconds: ['--access-token-lifetime', 'its access tokens', 315_360_000],
  refreshTokenLifetimeSeconds: [
    '--refresh-token-lifetime',
    'its refresh tokens, from the authorization on',
    315_360_000,
  ],
  refreshTokenIdleSeconds: ['--refresh-token-idle', 'a refresh token that is not used', 315_360_000],
  idTokenLifetimeSeconds: ['--id-token-lifetime', 'its ID tokens', 2_592_000],
};

/** What commander makes of the flags. */
export interface LifetimeOptions {
  readonly accessTokenLifetime?: number | 'default';
  readonly refreshTokenLifetime?: number | 'default';
  readonly refreshTokenIdle?: number | 'default';
  readonly idTokenLifetime?: number | 'default';
}

/** The options that say how long tokens of an application live. */
export function lifetimeOptions(): Option[] {
  return Object.values(FLAGS).map(([flag, what, most]) =>
    new Option(`${flag} <seconds>`, `how long ${what} live; "default": as long as the server says`).argParser(
      (value: string) => lifetime(value, most),
    ),
  );
}

/** The lifetimes that were given, in the words of the storage. */
export function lifetimesOf(options: LifetimeOptions): ApplicationLifetimes {
  return {
    accessTokenLifetimeSeconds: noneIfDefault(options.accessTokenLifetime),
    refreshTokenLifetimeSeconds: noneIfDefault(options.refreshTokenLifetime),
    refreshTokenIdleSeconds: noneIfDefault(options.refreshTokenIdle),
    idTokenLifetimeSeconds: noneIfDefault(options.idTokenLifetime),
  };
}

/** commander makes an empty text of a value that was read as `null`. */
export function noneIfDefault<T>(value: T | 'default' | undefined): T | null | undefined {
  return value === 'default' ? null : value;
}

function lifetime(value: string, most: number): number | 'default' {
  if (value === 'default') return value;
  const seconds = /^\d{1,10}$/.test(value) ? Number(value) : 0;
  if (seconds >= 1 && seconds <= most) return seconds;
  throw new InvalidArgumentError(`Give a whole number of seconds from 1 to ${most}, or "default".`);
}
