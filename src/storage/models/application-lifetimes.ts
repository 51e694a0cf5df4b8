import { KEYS_PUBLISH_SECONDS } from '../../core/key-publication.js';
import { optionPath, wholeNumberOption } from '../../core/options/index.js';

/** Lifetimes of a single application, in seconds. */
export interface ApplicationLifetimes {
  /**
   * The lifetime of its access tokens, for users and for the application alone. If the resource has a lifetime too
   * (`resources`), the shorter one applies.
   */
  readonly accessTokenLifetimeSeconds?: number | null | undefined;
  /** How long its refresh tokens may be rotated, counted from the authorization. */
  readonly refreshTokenLifetimeSeconds?: number | null | undefined;
  /** How long one of its refresh tokens is valid without being used. */
  readonly refreshTokenIdleSeconds?: number | null | undefined;
  /** The lifetime of its ID tokens; at most 30 days, the time for which signing keys stay published. */
  readonly idTokenLifetimeSeconds?: number | null | undefined;
}

/** The columns of the lifetimes; `null`: the server's default. */
export type LifetimeColumns = { [Name in keyof ApplicationLifetimes]-?: number | null };

/** Ten years, as in the options of the server. */
const LONGEST_SECONDS = 315_360_000;

const LONGEST: Readonly<Record<keyof ApplicationLifetimes, number>> = {
  accessTokenLifetimeSeconds: LONGEST_SECONDS,
  refreshTokenLifetimeSeconds: LONGEST_SECONDS,
  refreshTokenIdleSeconds: LONGEST_SECONDS,
  idTokenLifetimeSeconds: KEYS_PUBLISH_SECONDS,
};

/** The names of the properties, in the order in which they are shown. */
export const LIFETIME_NAMES = Object.freeze(Object.keys(LONGEST)) as readonly (keyof ApplicationLifetimes)[];

/** The longest lifetime that can be set for an application, in seconds. */
export function longestLifetimeSeconds(name: keyof ApplicationLifetimes): number {
  return LONGEST[name];
}

/** @throws ConfigurationError naming the lifetime, its value and the fix */
export function lifetimeColumns(given: ApplicationLifetimes): LifetimeColumns {
  const columns = LIFETIME_NAMES.map((name) => [name, checked(name, given[name])]);
  return Object.fromEntries(columns) as LifetimeColumns;
}

function checked(name: keyof ApplicationLifetimes, value: unknown): number | null {
  if (value === undefined || value === null) return null;
  const most = LONGEST[name];
  const fix = `give a whole number of seconds from 1 to ${most}, or null for the server's own`;
  return wholeNumberOption(optionPath('application', name), value, { least: 1, most }, fix);
}
