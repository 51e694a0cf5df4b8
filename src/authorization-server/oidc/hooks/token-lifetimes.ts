import type { Client, Configuration } from 'oidc-provider';
import { epochSeconds } from '../../../core/clock.js';
import type { ApplicationLifetimes } from '../../../storage/index.js';
import {
  accessTokenLifetime,
  grantLifetime,
  INTERACTION_SECONDS,
  type LifetimeContext,
  refreshTokenLifetime,
} from '../../grants/lifetimes.js';
import { applicationOf } from '../client-metadata.js';
import { sessionLifetimeSeconds } from '../session-members.js';

/** oidc-provider's `ttl`: the lifetimes of everything that it creates, in seconds. */
export function tokenLifetimes(context: LifetimeContext): Configuration['ttl'] {
  const { settings, dependencies } = context;
  return {
    AccessToken: (_ctx, token, client) =>
      accessTokenLifetime(context, lifetimesOf(client), token.resourceServer?.accessTokenTTL),
    ClientCredentials: (_ctx, token, client) =>
      accessTokenLifetime(context, lifetimesOf(client), token.resourceServer?.accessTokenTTL),
    AuthorizationCode: () => settings.authorizationCodeLifetimeSeconds,
    DeviceCode: () => settings.deviceCodeLifetimeSeconds,
    // Until it has been unused for too long, or its family expires, whichever comes first.
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
  return client === undefined ? {} : applicationOf(client).lifetimes;
}
