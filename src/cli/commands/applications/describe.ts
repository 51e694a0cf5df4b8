import type { Application } from '../../../storage/index.js';
import { protocolMetadataOf } from '../../../storage/models/protocol-metadata.js';
import { registrarOf } from '../../../storage/models/registrar.js';

/**
 * An application as the command line prints it, with the names of RFC 7591 §2 where there are any. Never contains its
 * secret.
 */
export interface DescribedApplication {
  readonly client_id: string;
  readonly client_name: string;
  readonly client_type: string;
  readonly grant_types: readonly string[];
  readonly redirect_uris: readonly string[];
  /** Only if it has any. */
  readonly allowed_origins?: readonly string[];
  /** How it authenticates at the token endpoint (RFC 7591 §2). */
  readonly token_endpoint_auth_method: string;
  /** The next four only if they differ from the default. */
  readonly dpop_bound_access_tokens?: true;
  readonly tls_client_certificate_bound_access_tokens?: true;
  readonly require_pushed_authorization_requests?: true;
  readonly id_token_signed_response_alg?: string;
  /** Scopes separated by spaces; `null` for all that the server knows. */
  readonly scope: string | null;
  readonly disabled: boolean;
}

/** Describes a stored application. */
export function describeApplication(application: Application): DescribedApplication {
  return {
    client_id: application.clientId,
    client_name: application.name,
    client_type: application.clientType,
    grant_types: words(application.grantTypes),
    redirect_uris: words(application.redirectUris),
    ...(application.allowedOrigins && { allowed_origins: words(application.allowedOrigins) }),
    token_endpoint_auth_method: authenticationMethod(application),
    ...(application.dpopBoundAccessTokens && { dpop_bound_access_tokens: true }),
    ...(application.certificateBoundAccessTokens && { tls_client_certificate_bound_access_tokens: true }),
    ...(application.requirePushedAuthorizationRequests && { require_pushed_authorization_requests: true }),
    ...(application.idTokenSignedResponseAlg && { id_token_signed_response_alg: application.idTokenSignedResponseAlg }),
    scope: application.scope ?? null,
    disabled: application.isDisabled(),
  };
}

/** Everything that is stored of an application except its secrets. Times are in seconds since the Unix epoch. */
export function describeInFull(application: Application): Readonly<Record<string, unknown>> {
  const { disabled, ...described } = describeApplication(application);
  const protocol = protocolMetadataOf(application);
  return {
    ...described,
    post_logout_redirect_uris: words(application.postLogoutRedirectUris ?? ''),
    allowed_origins: words(application.allowedOrigins ?? ''),
    jwks: application.jwks ? JSON.parse(application.jwks) : null,
    jwks_uri: application.jwksUri ?? null,
    owner: application.userId ?? null,
    registered_by: registrarOf(application),
    ...(application.registeredBy === 'document' && {
      metadata_expires_at: seconds(application.metadataExpiresAtMilliseconds),
    }),
    may_introspect: application.mayIntrospect,
    skip_consent: application.skipAuthorization,
    access_token_lifetime: application.accessTokenLifetimeSeconds ?? null,
    refresh_token_lifetime: application.refreshTokenLifetimeSeconds ?? null,
    refresh_token_idle: application.refreshTokenIdleSeconds ?? null,
    id_token_lifetime: application.idTokenLifetimeSeconds ?? null,
    dpop_bound_access_tokens: protocol.dpopBoundAccessTokens,
    tls_client_certificate_bound_access_tokens: protocol.certificateBoundAccessTokens,
    require_pushed_authorization_requests: protocol.requirePushedAuthorizationRequests,
    require_auth_time: protocol.requireAuthTime,
    default_max_age: protocol.defaultMaxAgeSeconds,
    id_token_signed_response_alg: protocol.idTokenSignedResponseAlg,
    token_endpoint_auth_signing_alg: protocol.tokenEndpointAuthSigningAlg,
    previous_client_secret_expires_at: seconds(application.previousSecretExpiresAtMilliseconds),
    disabled,
    disabled_at: seconds(application.disabledAtMilliseconds),
    client_id_issued_at: seconds(application.createdAtMilliseconds),
    updated_at: seconds(application.updatedAtMilliseconds),
  };
}

function seconds(milliseconds: number | null | undefined): number | null {
  return milliseconds === null || milliseconds === undefined ? null : Math.floor(milliseconds / 1000);
}

/** A secret may also be sent in the body (`client_secret_post`); Basic is what RFC 6749 §2.3.1 requires. */
function authenticationMethod(application: Application): string {
  if (application.clientType === 'public') return 'none';
  return application.hasKeys() ? 'private_key_jwt' : (application.tokenEndpointAuthMethod ?? 'client_secret_basic');
}

/** Name and value of each property, for people. */
export function inWords(described: object): string[][] {
  return Object.entries(described).map(([name, value]) => [name, word(name, value)]);
}

function word(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.join(' ') || '-';
  if (name === 'scope' && value === null) return '(any)';
  if (value === null) return /_(?:lifetime|idle)$/.test(name) ? 'default' : '-';
  if (typeof value === 'object') return JSON.stringify(value);
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}

function words(value: string): string[] {
  return value.split(' ').filter((word) => word !== '');
}
