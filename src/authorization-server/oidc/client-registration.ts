import type { AdapterPayload, JWKS } from 'oidc-provider';
import { ConfigurationError } from '../../core/errors.js';
import { parseScope } from '../../core/scopes.js';
import type { ApplicationRepository, NewApplication, RegistrationLimit } from '../../storage/index.js';
import type { DescribeClient } from '../clients/client-application.js';
import { metadataProblem } from '../clients/metadata-problem.js';
import { currentState } from './inner-state.js';
import { errors, Provider } from './oidc-provider.js';
import { refuseMissingProtections, registrationResponse } from './registration-metadata.js';

/**
 * Registers the metadata of an application (RFC 7591 §2) by the same rules as any other application. The repository
 * generates the secret; it is included in the response and not stored.
 *
 * @param limit what such an application may have; if it names no scopes it gets all of these
 * @param allScopes whether it gets all of these anyway
 * @throws InvalidClientMetadata naming what is refused, and the fix (RFC 7591 §3.2.2)
 */
export async function registerClient(
  applications: ApplicationRepository,
  limit: RegistrationLimit,
  describe: DescribeClient,
  metadata: AdapterPayload,
  allScopes = false,
): Promise<void> {
  try {
    refuseMissingProtections((Provider.ctx?.oidc.body ?? {}) as Readonly<Record<string, unknown>>);
    const { application, clientSecret } = await applications.create(newApplication(metadata, limit, allScopes));
    const state = currentState();
    if (state !== undefined) state.registered = registrationResponse(application, clientSecret, describe);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    // oidc-provider derives the error code from the beginning of the description: if it begins with `redirect_uris`, the
    // code is `invalid_redirect_uri`.
    throw new errors.InvalidClientMetadata(metadataProblem(error, metadata));
  }
}

function newApplication(metadata: AdapterPayload, limit: RegistrationLimit, allScopes: boolean): NewApplication {
  const { client_id: clientId = '', scope, token_endpoint_auth_method: method } = metadata;
  // Keys are stored only if they are used for authentication.
  const { jwks, jwks_uri: jwksUri } = method === 'private_key_jwt' ? metadata : {};
  const scopes = scope === undefined ? limit.scopes : parseScope(scope);
  if (!scopes.every((one) => limit.scopes.includes(one))) {
    throw new errors.InvalidClientMetadata('scope names what an application may not register for');
  }
  const grantTypes = [...(metadata.grant_types ?? [])];
  if (!grantTypes.every((one) => limit.grantTypes.includes(one))) {
    throw new errors.InvalidClientMetadata('grant_types names what an application may not register for');
  }
  return {
    clientId,
    registeredBy: 'registration',
    name: metadata.client_name ?? clientId,
    clientType: method === 'none' ? 'public' : 'confidential',
    grantTypes,
    redirectUris: [...(metadata.redirect_uris ?? [])],
    postLogoutRedirectUris: [...(metadata.post_logout_redirect_uris ?? [])],
    scopes: allScopes ? limit.scopes : scopes,
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
