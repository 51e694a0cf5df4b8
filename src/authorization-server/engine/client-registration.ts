import type { AdapterPayload, JWKS } from 'oidc-provider';
import { ConfigurationError } from '../../core/errors.js';
import { parseScope } from '../../core/scopes.js';
import type { ApplicationRepository, NewApplication } from '../../storage/index.js';
import { errors, Provider } from './oidc-provider.js';
import { refuseMissingProtections, registrationResponse } from './registration-metadata.js';
import { currentState } from './request-state.js';
import { OPENID_SCOPES } from './scope-rules.js';

/** What is decided about every application that registers itself. */
export interface RegistrationRules {
  /** The scopes that such an application may be given; what it leaves out is all of them. */
  readonly allowedScopes: readonly string[];
}

/**
 * Registers what an application says of itself (RFC 7591 §2) as any other application, by the same rules. The secret is
 * the repository's; it is put into the answer, and is stored nowhere.
 *
 * @throws InvalidClientMetadata naming what is refused, and the fix (RFC 7591 §3.2.2)
 */
export async function registerClient(
  applications: ApplicationRepository,
  { allowedScopes }: RegistrationRules,
  metadata: AdapterPayload,
): Promise<void> {
  try {
    refuseMissingProtections((Provider.ctx?.oidc.body ?? {}) as Readonly<Record<string, unknown>>);
    const { application, clientSecret } = await applications.create(newApplication(metadata, allowedScopes));
    const state = currentState();
    const openidScopes = parseScope(metadata.scope ?? '').filter(isOpenIdScope);
    if (state !== undefined) state.registered = registrationResponse(application, clientSecret, openidScopes);
  } catch (error) {
    throw error instanceof ConfigurationError ? refusedMetadata(error, metadata) : error;
  }
}

/** The names of RFC 7591 §2 for the properties of an application. */
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

/** The longest URI that is repeated to whoever sent it. */
const LONGEST_SHOWN = 200;

/**
 * A refusal in the words of RFC 7591 §3.2.2. oidc-provider makes its error code out of the beginning of the description:
 * what begins with `redirect_uris` is `invalid_redirect_uri`.
 */
function refusedMetadata({ option = '', fix = 'it cannot be used' }: ConfigurationError, metadata: AdapterPayload) {
  const [, property = '', index] = /^application\.(\w+)(?:\[(\d+)\])?/.exec(option) ?? [];
  const name = METADATA_NAMES[property] ?? 'metadata';
  const values: unknown = metadata[name];
  const value: unknown = Array.isArray(values) && index !== undefined ? values[Number(index)] : undefined;
  const shown = typeof value === 'string' && value.length <= LONGEST_SHOWN ? ` (${value})` : '';
  return new errors.InvalidClientMetadata(
    asDescription(`${name}${index === undefined ? '' : `[${index}]`}${shown}: ${fix}`),
  );
}

/** RFC 6749 §5.2: printable ASCII without `"` and `\`. */
function asDescription(text: string): string {
  return text
    .replaceAll('§', 'section ')
    .replaceAll('"', "'")
    .replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
}

function newApplication(metadata: AdapterPayload, allowedScopes: readonly string[]): NewApplication {
  const { client_id: clientId = '', scope, token_endpoint_auth_method: method } = metadata;
  // Keys are kept where they prove something.
  const { jwks, jwks_uri: jwksUri } = method === 'private_key_jwt' ? metadata : {};
  // No list of scopes needs to name those of OpenID Connect.
  const asked = scope === undefined ? allowedScopes : parseScope(scope);
  const scopes = asked.filter((one) => !isOpenIdScope(one));
  if (!scopes.every((one) => allowedScopes.includes(one))) {
    throw new errors.InvalidClientMetadata('scope names what an application may not register for');
  }
  return {
    clientId,
    registeredBy: 'registration',
    name: metadata.client_name ?? clientId,
    clientType: method === 'none' ? 'public' : 'confidential',
    grantTypes: [...(metadata.grant_types ?? [])],
    redirectUris: [...(metadata.redirect_uris ?? [])],
    postLogoutRedirectUris: [...(metadata.post_logout_redirect_uris ?? [])],
    scopes,
    jwks: jwks as (JWKS & NewApplication['jwks']) | undefined,
    jwksUri,
    dpopBoundAccessTokens: metadata.dpop_bound_access_tokens,
    requirePushedAuthorizationRequests: metadata.require_pushed_authorization_requests,
    requireAuthTime: metadata.require_auth_time,
    defaultMaxAgeSeconds: metadata.default_max_age,
    idTokenSignedResponseAlg: metadata.id_token_signed_response_alg as NewApplication['idTokenSignedResponseAlg'],
    tokenEndpointAuthMethod: method === 'client_secret_basic' || method === 'client_secret_post' ? method : undefined,
    tokenEndpointAuthSigningAlg:
      metadata.token_endpoint_auth_signing_alg as NewApplication['tokenEndpointAuthSigningAlg'],
  };
}

function isOpenIdScope(scope: string): boolean {
  return (OPENID_SCOPES as readonly string[]).includes(scope);
}
