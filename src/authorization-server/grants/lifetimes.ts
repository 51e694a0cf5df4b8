import type { Client, Configuration } from 'oidc-provider';
import { epochSeconds } from '../../core/clock.js';
import type { ApplicationLifetimes } from '../../storage/index.js';
import type { ClientApplication } from '../clients/client-metadata.js';
import { sessionLifetimeSeconds } from '../oidc/patches/session-life.js';
import type { ServerContext } from '../server-context.js';

/** How long a browser may take to sign in and consent. */
const INTERACTION_SECONDS = 3600;

/** What lifetimes are worked out from. */
type Settled = Pick<ServerContext, 'settings' | 'dependencies'>;

/**
 * How long an access token of an application is good, in seconds: as long as the application's own lifetime says, else
 * the server's. Where the resource has a lifetime, it takes the place of the server's, and the application's only makes
 * it shorter.
 */
export function accessTokenLifetime(
  { settings, dependencies }: Settled,
  { accessTokenLifetimeSeconds: own }: ApplicationLifetimes,
  resourceSeconds: number | undefined,
): number {
  const server = settings.accessTokenLifetimeSeconds ?? dependencies.accessTokenLifetimeSeconds;
  return resourceSeconds === undefined ? (own ?? server) : Math.min(resourceSeconds, own ?? resourceSeconds);
}

/** How long the refresh tokens of an authorization may be rotated, in seconds from its beginning. */
export function refreshTokenLifetime({ settings }: Settled, lifetimes: ApplicationLifetimes): number {
  return lifetimes.refreshTokenLifetimeSeconds ?? settings.refreshTokenLifetimeSeconds;
}

/** How long a grant lives, in seconds: as the last token of the family, and the code before it. */
export function grantLifetime(context: Settled, lifetimes: ApplicationLifetimes): number {
  const accessToken = accessTokenLifetime(context, lifetimes, undefined);
  return Math.max(refreshTokenLifetime(context, lifetimes), accessToken) + accessToken + INTERACTION_SECONDS;
}

/** oidc-provider's `ttl`: the lifetimes of all that it makes, in seconds. */
export function lifetimes(context: Settled): Configuration['ttl'] {
  const { settings, dependencies } = context;
  return {
    AccessToken: (_ctx, token, client) =>
      accessTokenLifetime(context, lifetimesOf(client), token.resourceServer?.accessTokenTTL),
    ClientCredentials: (_ctx, token, client) =>
      accessTokenLifetime(context, lifetimesOf(client), token.resourceServer?.accessTokenTTL),
    AuthorizationCode: () => settings.authorizationCodeLifetimeSeconds,
    DeviceCode: () => settings.deviceCodeLifetimeSeconds,
    // Until it is not used for too long, or its family has lived long enough, whichever comes first.
    RefreshToken: (_ctx, token, client) => {
      const own = lifetimesOf(client);
      const now = epochSeconds(dependencies.clock);
      const begun = (token as { readonly iiat?: number }).iiat ?? now;
      const idle = own.refreshTokenIdleSeconds ?? settings.refreshTokenIdleSeconds;
      return Math.max(1, Math.min(idle, begun + refreshTokenLifetime(context, own) - now));
    },
    IdToken: (_ctx, _token, client) => lifetimesOf(client).idTokenLifetimeSeconds ?? settings.idTokenLifetimeSeconds,
    Interaction: () => INTERACTION_SECONDS,
    Session: (_ctx, session) => sessionLifetimeSeconds(settings, dependencies.clock, session),
    Grant: () => grantLifetime(context, {}),
  };
}

function lifetimesOf(client: Client | undefined): ApplicationLifetimes {
  return (client?.application as ClientApplication | undefined)?.lifetimes ?? {};
}
