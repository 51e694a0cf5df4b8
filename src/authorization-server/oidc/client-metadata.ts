import type { Client, ClientMetadata, JWKS } from 'oidc-provider';
import type { Application } from '../../storage/index.js';
import type { ClientApplication, DescribeClient } from '../clients/client-application.js';

/** The columns of migration 0003. */
type KeyColumns = {
  readonly jwks?: string | null;
  readonly jwksUri?: string | null;
  readonly postLogoutRedirectUris?: string | null;
  readonly mayIntrospect?: boolean;
};

/** Used where oidc-provider requires a secret; the secret itself is checked by `Application.checkSecret`. */
const SECRET_IS_ELSEWHERE = 'checked by the application';

/** The application behind a client. */
export function applicationOf(client: Client): ClientApplication {
  return client.application as ClientApplication;
}

/** An application as metadata of RFC 7591. */
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

function secretMethodOf({ tokenEndpointAuthMethod }: Application): 'client_secret_basic' | 'client_secret_post' {
  return tokenEndpointAuthMethod === 'client_secret_post' ? 'client_secret_post' : 'client_secret_basic';
}

/** Only values that differ from the defaults. */
function protocolOf(application: Application): Partial<ClientMetadata> {
  const { defaultMaxAgeSeconds, idTokenSignedResponseAlg, tokenEndpointAuthSigningAlg } = application;
  return {
    ...(application.dpopBoundAccessTokens && { dpop_bound_access_tokens: true }),
    ...(application.certificateBoundAccessTokens && { tls_client_certificate_bound_access_tokens: true }),
    ...(application.requirePushedAuthorizationRequests && { require_pushed_authorization_requests: true }),
    ...(application.requireAuthTime && { require_auth_time: true }),
    ...(isSet(defaultMaxAgeSeconds) && { default_max_age: defaultMaxAgeSeconds }),
    ...(isSet(idTokenSignedResponseAlg) && { id_token_signed_response_alg: idTokenSignedResponseAlg as 'ES256' }),
    ...(isSet(tokenEndpointAuthSigningAlg) && {
      token_endpoint_auth_signing_alg: tokenEndpointAuthSigningAlg as 'ES256',
    }),
  };
}

/** Columns that an older row or a host's own model lacks are not set. */
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
