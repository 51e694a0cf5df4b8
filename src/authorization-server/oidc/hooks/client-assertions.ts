import type { Configuration } from 'oidc-provider';
import { type Clock, epochSeconds } from '../../../core/clock.js';
import { errors } from '../oidc-provider.js';

/** How far apart the clocks of client and server may be, in seconds; oidc-provider allows the same for `exp` and `nbf`. */
const CLOCK_TOLERANCE_SECONDS = 15;

/**
 * Checks what oidc-provider leaves open in a client assertion (RFC 7523 §3) whose signature, issuer and end it has found to be
 * right, and whose audience names this server. The audience has to be that alone (draft-ietf-oauth-rfc7523bis §4): an
 * assertion that others accept too could be sent on to here by them. And it has to end soon, so that one that
 * was lost is worthless soon.
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
