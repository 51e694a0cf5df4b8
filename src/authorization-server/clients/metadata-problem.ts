import type { ConfigurationError } from '../../core/errors.js';

/** The names in RFC 7591 §2 of an application's properties. */
const METADATA_NAMES: Readonly<Record<string, string>> = {
  name: 'client_name',
  grantTypes: 'grant_types',
  redirectUris: 'redirect_uris',
  postLogoutRedirectUris: 'post_logout_redirect_uris',
  jwksUri: 'jwks_uri',
  jwks: 'jwks',
  scopes: 'scope',
  dpopBoundAccessTokens: 'dpop_bound_access_tokens',
  requirePushedAuthorizationRequests: 'require_pushed_authorization_requests',
  requireAuthTime: 'require_auth_time',
  defaultMaxAgeSeconds: 'default_max_age',
  idTokenSignedResponseAlg: 'id_token_signed_response_alg',
  tokenEndpointAuthMethod: 'token_endpoint_auth_method',
  tokenEndpointAuthSigningAlg: 'token_endpoint_auth_signing_alg',
};

/** The longest URI that is repeated in an error. */
const LONGEST_SHOWN = 200;

/**
 * What is wrong with metadata (RFC 7591 §2), beginning with the name of the member, as an `error_description`.
 */
export function metadataProblem(
  { option = '', fix = 'it cannot be used' }: ConfigurationError,
  metadata: Readonly<Record<string, unknown>>,
): string {
  const [, property = '', index] = /^application\.(\w+)(?:\[(\d+)\])?/.exec(option) ?? [];
  const name = METADATA_NAMES[property] ?? 'metadata';
  const values: unknown = metadata[name];
  const value: unknown = Array.isArray(values) && index !== undefined ? values[Number(index)] : undefined;
  const shown = typeof value === 'string' && value.length <= LONGEST_SHOWN ? ` (${value})` : '';
  return asDescription(`${name}${index === undefined ? '' : `[${index}]`}${shown}: ${fix}`);
}

/** RFC 6749 §5.2: printable ASCII without `"` and `\`. */
export function asDescription(text: string): string {
  return text
    .replaceAll('§', 'section ')
    .replaceAll('"', "'")
    .replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}
