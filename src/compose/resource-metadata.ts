import type { OAuth2Options } from '../options.js';
import { AUTHENTICATOR, bearer, isFactory } from '../resource-server/authentication/authenticator-factories.js';
import type { BearerTokenLocations } from '../resource-server/authentication/bearer-token.js';
import { hasMetadata, ProtectedResourceMetadata } from '../resource-server/protected-resource-metadata.js';
import type { SenderConstraints } from './sender-constraints.js';

/** Scopes that only an authorization server interprets. */
const NOT_FOR_RESOURCES = new Set(['openid', 'offline_access']);

/**
 * The identifier of this resource for clients: the option `resource`, or else the origin of the authorization server in
 * the same application; `undefined` if there is neither.
 */
export function resourceIdentifier({ resource, authorizationServer }: OAuth2Options): string | undefined {
  return resource ?? authorizationServer?.origin;
}

/** The metadata of this resource (RFC 9728), if it has an identifier from which a URL can be derived. */
export function composeResourceMetadata(
  options: OAuth2Options,
  { dpop, certificates }: Pick<SenderConstraints, 'dpop' | 'certificates'>,
): ProtectedResourceMetadata | undefined {
  const resource = resourceIdentifier(options);
  if (options.resourceMetadata === false || resource === undefined || !hasMetadata(resource)) return undefined;
  const { resourceMetadata: given = {}, authorizationServer, scopes } = options;
  return new ProtectedResourceMetadata({
    resource,
    authorizationServers:
      given.authorizationServers ?? (authorizationServer === undefined ? [] : [authorizationServer.issuer]),
    scopes: given.scopes ?? (scopes && Object.keys(scopes).filter((name) => !NOT_FOR_RESOURCES.has(name))),
    bearerMethods: bearerMethods(options),
    proofAlgorithms: dpop?.algorithms,
    bindsCertificates: certificates !== undefined,
    options: given,
  });
}

function bearerMethods({ authenticators = [bearer()] }: OAuth2Options): string[] {
  const methods = new Set<string>();
  for (const one of authenticators) {
    if (!isFactory(one) || one[AUTHENTICATOR] !== 'bearer') continue;
    const { body, query } = one.options as BearerTokenLocations;
    methods.add('header');
    if (body === true) methods.add('body');
    if (query === true) methods.add('query');
  }
  return [...methods];
}
