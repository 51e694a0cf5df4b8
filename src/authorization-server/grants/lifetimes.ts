import type { ApplicationLifetimes } from '../../storage/index.js';
import type { ServerContext } from '../server-context.js';

/** How long a browser may take to sign in and consent. */
export const INTERACTION_SECONDS = 3600;

/** What lifetimes are derived from. */
export type LifetimeContext = Pick<ServerContext, 'settings' | 'dependencies'>;

/**
 * The lifetime of an application's access tokens, in seconds: its own, otherwise the server's. If the resource has a
 * lifetime, it replaces the server's, and the application's can only shorten it.
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

/** How long a grant lives, in seconds: as long as the last token of the family, and the code before it. */
export function grantLifetime(context: LifetimeContext, lifetimes: ApplicationLifetimes): number {
  const accessToken = accessTokenLifetime(context, lifetimes, undefined);
  return Math.max(refreshTokenLifetime(context, lifetimes), accessToken) + accessToken + INTERACTION_SECONDS;
}
