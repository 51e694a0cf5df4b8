import type { ApplicationLifetimes } from '../../storage/index.js';
import type { ServerContext } from '../server-context.js';

/** How long a browser may take to sign in and consent. */
export const INTERACTION_SECONDS = 3600;

/** What lifetimes are worked out from. */
export type LifetimeContext = Pick<ServerContext, 'settings' | 'dependencies'>;

/**
 * How long an access token of an application is good, in seconds: as long as the application's own lifetime says, else
 * the server's. Where the resource has a lifetime, it takes the place of the server's, and the application's only makes
 * it shorter.
 */
export function accessTokenLifetime(
  { settings, dependencies }: LifetimeContext,
  { accessTokenLifetimeSeconds: own }: ApplicationLifetimes,
  resourceSeconds: number | undefined,
): number {
  const server = settings.accessTokenLifetimeSeconds ?? dependencies.accessTokenLifetimeSeconds;
  return resourceSeconds === undefined ? (own ?? server) : Math.min(resourceSeconds, own ?? resourceSeconds);
}

/** How long the refresh tokens of an authorization may be rotated, in seconds from its beginning. */
export function refreshTokenLifetime({ settings }: LifetimeContext, lifetimes: ApplicationLifetimes): number {
  return lifetimes.refreshTokenLifetimeSeconds ?? settings.refreshTokenLifetimeSeconds;
}

/** How long a grant lives, in seconds: as the last token of the family, and the code before it. */
export function grantLifetime(context: LifetimeContext, lifetimes: ApplicationLifetimes): number {
  const accessToken = accessTokenLifetime(context, lifetimes, undefined);
  return Math.max(refreshTokenLifetime(context, lifetimes), accessToken) + accessToken + INTERACTION_SECONDS;
}
