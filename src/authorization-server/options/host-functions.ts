import { tellingOutages } from '../../storage/host-outages.js';
import type { HostLogin } from '../host-login.js';

/** The host's functions about users. */
export const HOST_FUNCTIONS = ['authenticate', 'isStaff', 'username', 'scopesOf', 'mayGrant', 'amr'] as const;

/** The options that are host functions about users. */
type HostFunctions = { readonly [Name in (typeof HOST_FUNCTIONS)[number]]?: unknown } & { readonly login?: HostLogin };

/** The options with the host's functions wrapped, so that they report an outage of a service that they need. */
export function tellingHostOutages<Options extends HostFunctions>(options: Options): Options {
  const told: Record<string, unknown> = {};
  for (const name of HOST_FUNCTIONS) {
    const given = options[name] as ((...values: unknown[]) => unknown) | undefined;
    if (given !== undefined) told[name] = tellingOutages(`authorizationServer.${name}`, given.bind(options));
  }
  if (options.login !== undefined) told.login = tellingLogin(options.login);
  return { ...options, ...told };
}

function tellingLogin(login: HostLogin): HostLogin {
  const where = 'authorizationServer.login';
  const { authenticatedAtMilliseconds } = login;
  return {
    url: tellingOutages(`${where}.url`, login.url.bind(login)),
    userId: tellingOutages(`${where}.userId`, login.userId.bind(login)),
    ...(authenticatedAtMilliseconds !== undefined && {
      authenticatedAtMilliseconds: tellingOutages(
        `${where}.authenticatedAtMilliseconds`,
        authenticatedAtMilliseconds.bind(login),
      ),
    }),
  };
}
