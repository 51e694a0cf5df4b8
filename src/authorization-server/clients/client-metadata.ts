import type { ClientMetadata, JWKS } from 'oidc-provider';
import {
  type Application,
  type ApplicationLifetimes,
  allowedGrantTypes,
  allowedScopes,
  isTrusted,
  LIFETIME_NAMES,
  type RegistrationLimits,
} from '../../storage/index.js';

/**
 * What is kept of an application beside the metadata that oidc-provider knows. It stands in the client's
 * property `application`, and holds all that its decisions depend on.
 */
export interface ClientApplication {
  readonly id: number;
  /** The scopes that it may be given; `undefined`: any that there is. */
  readonly scopes: readonly string[] | undefined;
  /** The grant types that it may use. */
  readonly grantTypes: readonly string[];
  /** Whether staff, the command line or the host's code vouches for it. */
  readonly isTrusted: boolean;
  readonly skipAuthorization: boolean;
  readonly mayIntrospect: boolean;
  readonly isPublic: boolean;
  /** Lifetimes of its own; what is not there is the server's. */
  readonly lifetimes: ApplicationLifetimes;
  /** Origins whose pages may read what it is answered, beside those of its redirect URIs. */
  readonly allowedOrigins: readonly string[];
  /** Whether it may have refresh tokens. */
  readonly hasRefreshTokens: boolean;
  /** When the row was changed: another state of the application is another client. */
  readonly updatedAtMs: number;
}

/** The columns of migration 0003. */
type KeyColumns = {
  readonly jwks?: string | null;
  readonly jwksUri?: string | null;
  readonly postLogoutRedirectUris?: string | null;
  readonly mayIntrospect?: boolean;
};

/** Stands where oidc-provider wants a secret; the secret itself is checked by `Application.checkSecret`. */
const SECRET_IS_ELSEWHERE = 'checked by the application';

/** What decisions about an application depend on. */
export type DescribeClient = (application: Application) => ClientApplication;

/** An application in the words of RFC 7591. */
export function clientMetadata(stored: Application, describe: DescribeClient): ClientMetadata {
  const application = stored as Application & KeyColumns;
  const described = describe(stored);
  const grantTypes = [...described.grantTypes];
  const isPublic = application.clientType === 'public';
  const keys = keysOf(application);
  return {
    client_id: application.clientId,
    client_name: application.name,
    grant_types: grantTypes,
    response_types: grantTypes.includes('authorization_code') ? ['code'] : [],
    redirect_uris: words(application.redirectUris),
    post_logout_redirect_uris: words(application.postLogoutRedirectUris ?? ''),
    ...(isPublic
      ? { token_endpoint_auth_method: 'none' as const }
      : keys === undefined
        ? { token_endpoint_auth_method: secretMethodOf(application), client_secret: SECRET_IS_ELSEWHERE }
        : { token_endpoint_auth_method: 'private_key_jwt' as const, ...keys }),
    ...protocolOf(application),
    application: described,
  };
}

/** Describes applications under the limits of those that register them; once for each that was read. */
export function describedUnder(limits: RegistrationLimits): DescribeClient {
  const described = new WeakMap<Application, ClientApplication>();
  return (application) => {
    let client = described.get(application);
    if (client === undefined) {
      client = describe(application, limits);
      described.set(application, client);
    }
    return client;
  };
}

function describe(application: Application, limits: RegistrationLimits): ClientApplication {
  const grantTypes = allowedGrantTypes(application, limits);
  return {
    id: application.id,
    scopes: allowedScopes(application, limits),
    grantTypes,
    isTrusted: isTrusted(application),
    skipAuthorization: application.skipAuthorization,
    mayIntrospect: application.mayIntrospect ?? false,
    isPublic: application.clientType === 'public',
    lifetimes: Object.fromEntries(LIFETIME_NAMES.map((name) => [name, application[name]])),
    allowedOrigins: words(application.allowedOrigins ?? ''),
    hasRefreshTokens: grantTypes.includes('refresh_token'),
    updatedAtMs: application.updatedAtMs,
  };
}

function secretMethodOf({ tokenEndpointAuthMethod }: Application): 'client_secret_basic' | 'client_secret_post' {
  return tokenEndpointAuthMethod === 'client_secret_post' ? 'client_secret_post' : 'client_secret_basic';
}

/** Only what differs from the defaults. */
function protocolOf(application: Application): Partial<ClientMetadata> {
  const { defaultMaxAgeSeconds, idTokenSignedResponseAlg, tokenEndpointAuthSigningAlg } = application;
  return {
    ...(application.dpopBoundAccessTokens && { dpop_bound_access_tokens: true }),
    ...(application.requirePushedAuthorizationRequests && { require_pushed_authorization_requests: true }),
    ...(application.requireAuthTime && { require_auth_time: true }),
    ...(isSet(defaultMaxAgeSeconds) && { default_max_age: defaultMaxAgeSeconds }),
    ...(isSet(idTokenSignedResponseAlg) && { id_token_signed_response_alg: idTokenSignedResponseAlg as 'ES256' }),
    ...(isSet(tokenEndpointAuthSigningAlg) && {
      token_endpoint_auth_signing_alg: tokenEndpointAuthSigningAlg as 'ES256',
    }),
  };
}

/** Columns that an older row, or a host's own model, lacks are not set. */
function isSet<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}

function keysOf({ jwks, jwksUri }: KeyColumns): { jwks: JWKS } | { jwks_uri: string } | undefined {
  if (jwks !== null && jwks !== undefined) return { jwks: JSON.parse(jwks) as JWKS };
  return jwksUri === null || jwksUri === undefined ? undefined : { jwks_uri: jwksUri };
}

function words(column: string): string[] {
  return column.split(' ').filter((word) => word !== '');
}
