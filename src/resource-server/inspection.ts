import type { Confirmation } from '../core/confirmation.js';
import { formatScope } from '../core/scopes.js';
import type { Verification } from '../core/verified-token.js';
import type { AccessToken } from '../storage/index.js';

/** An active token as RFC 7662 §2.2 describes it. Times are seconds since the Unix epoch. */
export interface ActiveInspection {
  readonly active: true;
  readonly scope: string;
  readonly client_id?: string;
  readonly token_type: 'Bearer' | 'DPoP';
  readonly exp: number;
  readonly iat: number;
  readonly sub?: string;
  readonly aud?: readonly string[];
  /** The foreign issuer, of a token that has one; `sub` and `client_id` belong to it. */
  readonly iss?: string;
  readonly acr?: string;
  readonly auth_time?: number;
  readonly amr?: readonly string[];
  readonly cnf?: { readonly jkt?: string; readonly 'x5t#S256'?: string };
  /** The stored row of a token of the database; not enumerable. */
  readonly model?: AccessToken;
}

/** The answer for every other token (RFC 7662 §2.2). */
export interface InactiveInspection {
  readonly active: false;
  /** The stored row of an expired or revoked token; not enumerable. */
  readonly model?: AccessToken;
}

export type Inspection = ActiveInspection | InactiveInspection;

export const INACTIVE: InactiveInspection = Object.freeze({ active: false });

/** Converts the result of a verifier to the format of RFC 7662. */
export function inspectionOf(verification: Verification, model: AccessToken | undefined): Inspection {
  if (verification.status !== 'active') return withModel({ active: false }, model);
  const { token } = verification;
  const { acr, amr, confirmation } = token;
  return withModel(
    {
      active: true,
      scope: formatScope(token.scopes),
      ...(token.clientId !== undefined && { client_id: token.clientId }),
      token_type: confirmation?.jkt === undefined ? 'Bearer' : 'DPoP',
      exp: Math.floor(token.expiresAtMilliseconds / 1000),
      iat: Math.floor(token.issuedAtMilliseconds / 1000),
      ...(token.subject !== undefined && { sub: token.subject }),
      ...(token.audience !== undefined && { aud: token.audience }),
      ...(token.issuer !== undefined && { iss: token.issuer }),
      ...(acr !== undefined && { acr }),
      ...(token.authenticatedAtMilliseconds !== undefined && {
        auth_time: Math.floor(token.authenticatedAtMilliseconds / 1000),
      }),
      ...(amr !== undefined && { amr }),
      ...(confirmation !== undefined && { cnf: cnfOf(confirmation) }),
    },
    model,
  );
}

function cnfOf({ jkt, x5tS256 }: Confirmation): NonNullable<ActiveInspection['cnf']> {
  return { ...(jkt !== undefined && { jkt }), ...(x5tS256 !== undefined && { 'x5t#S256': x5tS256 }) };
}

function withModel(inspection: object, model: AccessToken | undefined): Inspection {
  if (model === undefined) return inspection as Inspection;
  return Object.defineProperty(inspection, 'model', { value: model, enumerable: false }) as Inspection;
}
