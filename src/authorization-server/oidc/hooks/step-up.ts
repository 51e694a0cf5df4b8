import type { KoaContextWithOIDC, interactionPolicy as policies } from 'oidc-provider';
import { type AcrOptions, requestedAcrs } from '../../options/acr-options.js';
import { errors, interactionPolicy } from '../oidc-provider.js';

/**
 * Has users sign in again for an authentication context that their session has not reached (`acr_values`, RFC 9470 §5).
 * `max_age` is seen to by oidc-provider itself.
 */
export function addStepUp(login: policies.Prompt, acr: AcrOptions): void {
  login.checks.add(
    new interactionPolicy.Check(
      'acr_values',
      'none of the requested acr_values is reached',
      'login_required',
      (ctx) => {
        const { session, params, result } = (ctx as KoaContextWithOIDC).oidc;
        const requested = requestedAcrs(acr, params?.acr_values);
        if (requested === undefined || (session?.acr !== undefined && requested.includes(session.acr))) return false;
        // What cannot be reached here, or was not reached by the login that this request led to, will not be by another.
        if (requested.length === 0 || result?.login !== undefined) throw unmet();
        return true;
      },
    ),
  );
}

/** OpenID Connect Unmet Authentication Requirements §2. */
function unmet(): Error {
  return new errors.CustomOIDCProviderError(
    'unmet_authentication_requirements',
    'the user was not authenticated as acr_values asks',
  );
}

/** What access tokens say of the login that they go back to (RFC 9470 §6); a refresh does not make it a newer one. */
export function authenticationClaims({
  oidc,
}: KoaContextWithOIDC): Record<string, string | number | readonly string[]> | undefined {
  const { AuthorizationCode, RefreshToken, DeviceCode } = oidc.entities;
  const source = AuthorizationCode ?? RefreshToken ?? DeviceCode;
  if (source === undefined) return undefined;
  const { acr, amr, authTime } = source;
  return {
    ...(acr !== undefined && { acr }),
    ...(amr !== undefined && { amr }),
    ...(authTime !== undefined && { auth_time: authTime }),
  };
}
