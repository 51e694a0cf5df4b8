import { InvalidArgumentError, Option } from 'commander';
import type { ApplicationLifetimes } from '../../../storage/index.js';

/** The flags for lifetimes, by the property that each sets. */
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

/** The parsed flags. */
export interface LifetimeOptions {
  readonly accessTokenLifetime?: number | 'default';
  readonly refreshTokenLifetime?: number | 'default';
  readonly refreshTokenIdle?: number | 'default';
  readonly idTokenLifetime?: number | 'default';
}

/** The options for the lifetimes of an application's tokens. */
export function lifetimeOptions(): Option[] {
  return Object.values(FLAGS).map(([flag, what, most]) =>
    new Option(`${flag} <seconds>`, `how long ${what} live; "default": as configured for the server`).argParser(
      (value: string) => lifetime(value, most),
    ),
  );
}

/** The lifetimes that were given, as the storage takes them. */
export function lifetimesOf(options: LifetimeOptions): ApplicationLifetimes {
  return {
    accessTokenLifetimeSeconds: noneIfDefault(options.accessTokenLifetime),
    refreshTokenLifetimeSeconds: noneIfDefault(options.refreshTokenLifetime),
    refreshTokenIdleSeconds: noneIfDefault(options.refreshTokenIdle),
    idTokenLifetimeSeconds: noneIfDefault(options.idTokenLifetime),
  };
}

/** commander replaces a parsed `null` by an empty string. */
export function noneIfDefault<T>(value: T | 'default' | undefined): T | null | undefined {
  return value === 'default' ? null : value;
}

function lifetime(value: string, most: number): number | 'default' {
  if (value === 'default') return value;
  const seconds = /^\d{1,10}$/.test(value) ? Number(value) : 0;
  if (seconds >= 1 && seconds <= most) return seconds;
  throw new InvalidArgumentError(`Give a whole number of seconds from 1 to ${most}, or "default".`);
}
