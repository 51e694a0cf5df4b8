import type { Configuration } from 'oidc-provider';
import { type Clock, epochSeconds } from '../../../core/clock.js';
import { errors } from '../oidc-provider.js';

/**
 * The tolerated difference between the clocks of client and server, in seconds; oidc-provider uses the same for `exp`
 * and `nbf`.
 */
const CLOCK_TOLERANCE_SECONDS = 15;

/**
 * Checks what oidc-provider does not check in a client assertion (RFC 7523 §3), after it has verified the signature,
 * issuer and expiry, and that the audience includes this server. The audience must be this server alone
 * (draft-ietf-oauth-rfc7523bis §4): otherwise another recipient could forward the assertion to this server. And it must
 * expire soon, so that a leaked one is soon useless.
 */
export function assertionChecker(
  clock: Clock,
  lifetimeSeconds: number,
): NonNullable<Configuration['assertJwtClientAuthClaimsAndHeader']> {
  return async (_ctx, claims) => {
    const { aud, exp, iat } = claims as { readonly aud?: unknown; readonly exp?: unknown; readonly iat?: unknown };
    if (Array.isArray(aud) && aud.length !== 1) refuse('its audience is not this server alone');
    const now = epochSeconds(clock);
    if (typeof exp !== 'number' || exp - now > lifetimeSeconds + CLOCK_TOLERANCE_SECONDS) refuse('it lives too long');
    if (iat === undefined) return;
    if (typeof iat !== 'number' || iat > now + CLOCK_TOLERANCE_SECONDS) refuse('it was issued in the future');
    if (exp - iat > lifetimeSeconds) refuse('it lives too long');
  };
}

function refuse(detail: string): never {
  throw new errors.InvalidClientAuth(detail as never);
}
