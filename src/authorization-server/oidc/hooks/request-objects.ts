import type { Configuration } from 'oidc-provider';
import { type Clock, epochSeconds } from '../../../core/clock.js';
import { errors } from '../oidc-provider.js';

type RequestObjects = NonNullable<NonNullable<Configuration['features']>['requestObjects']>;

/** How long a request object may be valid, in seconds: whoever finds it in a log can begin the same request until then. */
const LONGEST_LIFETIME_SECONDS = 3_600;

/**
 * Checks what oidc-provider leaves open in a request object (RFC 9101): its type, if it has one, so that no other JWT of
 * the application passes for one (§10.8); `iss` and `aud`, so that it is meant for this server (§4); and that it
 * expires. oidc-provider compares the values of `iss`, `aud` and `exp`, and verifies the signature.
 */
export function requestObjectChecker(clock: Clock): NonNullable<RequestObjects['assertJwtClaimsAndHeader']> {
  return async (_ctx, claims, header, client) => {
    const { typ } = header as { readonly typ?: unknown };
    const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;
    if (type !== undefined && type !== 'jwt' && type !== 'oauth-authz-req+jwt') refuse('has another type');
    for (const name of ['iss', 'aud', 'exp', 'client_id'] as const) {
      if (claims[name] === undefined) refuse(`lacks ${name}`);
    }
    // A client assertion has the client as its subject (RFC 7523 §3).
    if (claims.sub === client.clientId) refuse('has the client as its subject');
    const seconds = Number(claims.exp) - epochSeconds(clock);
    if (!(seconds <= LONGEST_LIFETIME_SECONDS)) refuse(`is valid for more than ${LONGEST_LIFETIME_SECONDS} seconds`);
  };
}

function refuse(problem: string): never {
  throw new errors.InvalidRequestObject(`the request object ${problem}`);
}
