import type { AdapterPayload, JWKS } from 'oidc-provider';
import { ConfigurationError } from '../../core/errors.js';
import { parseScope } from '../../core/scopes.js';
import type { ApplicationRepository, NewApplication } from '../../storage/index.js';
import { errors } from './oidc-provider.js';
import { currentState } from './request-state.js';
import { OPENID_SCOPES } from './scope-rules.js';

/**
 * Registers what an application says of itself (RFC 7591 §2) as any other application, by the same rules. The secret is
 * the repository's; it is put into the answer, and is stored nowhere.
 *
 * @param allowedScopes the scopes that such an application may be given; what it leaves out is all of them
 */
export async function registerClient(
  applications: ApplicationRepository,
  allowedScopes: readonly string[],
  metadata: AdapterPayload,
): Promise<void> {
  try {
    const { clientSecret } = await applications.create(newApplication(metadata, allowedScopes));
    const state = currentState();
    if (state !== undefined) state.registeredSecret = clientSecret;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const isRedirectUri = error.option?.startsWith('application.redirectUris') === true;
    // oidc-provider makes the error code out of the beginning of the description (RFC 7591 §3.2.2).
    throw new errors.InvalidClientMetadata(isRedirectUri ? 'redirect_uris are not usable' : 'metadata is not usable');
  }
}

function newApplication(metadata: AdapterPayload, allowedScopes: readonly string[]): NewApplication {
  const { client_id: clientId = '', scope, jwks, jwks_uri: jwksUri } = metadata;
  // No list of scopes needs to name those of OpenID Connect.
  const asked = scope === undefined ? allowedScopes : parseScope(scope);
  const scopes = asked.filter((one) => !(OPENID_SCOPES as readonly string[]).includes(one));
  if (!scopes.every((one) => allowedScopes.includes(one))) {
    throw new errors.InvalidClientMetadata('scope names what an application may not register for');
  }
  return {
    clientId,
    name: metadata.client_name ?? clientId,
    clientType: metadata.token_endpoint_auth_method === 'none' ? 'public' : 'confidential',
    grantTypes: [...(metadata.grant_types ?? [])],
    redirectUris: [...(metadata.redirect_uris ?? [])],
    postLogoutRedirectUris: [...(metadata.post_logout_redirect_uris ?? [])],
    scopes,
    jwks: jwks as (JWKS & NewApplication['jwks']) | undefined,
    jwksUri,
  };
}
