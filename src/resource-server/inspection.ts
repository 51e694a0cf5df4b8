import type { Confirmation } from '../core/confirmation.js';
import { formatScope } from '../core/scopes.js';
import type { Verification } from '../core/verified-token.js';
import type { AccessToken } from '../storage/index.js';

/** An active token as RFC 7662 §2.2 describes it. Times are seconds since the Unix epoch. */
export interface ActiveInspection {
  /** The token can be used. */
  readonly active: true;
  /** Its scopes, separated by spaces. */
  readonly scope: string;
  /** The client identifier of its application. */
  readonly client_id?: string;
  /** `Bearer`, or `DPoP` if it is bound to a key. */
  readonly token_type: 'Bearer' | 'DPoP';
  /** When it expires, in seconds since the Unix epoch. */
  readonly exp: number;
  /** When it was issued, in seconds since the Unix epoch. */
  readonly iat: number;
  /** The subject (RFC 7662 §2.2): the id of its user, or who its issuer says it is. */
  readonly sub?: string;
  /** Its audience (RFC 8707). */
  readonly aud?: readonly string[];
  /** The foreign issuer, of a token that has one; `sub` and `client_id` belong to it. */
  readonly iss?: string;
  /** How strongly the user was authenticated (RFC 9470 §6.2). */
  readonly acr?: string;
  /** When the user signed in, in seconds since the Unix epoch (RFC 9470 §6.2). */
  readonly auth_time?: number;
  /** By which methods the user signed in (RFC 8176). */
  readonly amr?: readonly string[];
  /** What the token is bound to (RFC 7800). */
  readonly cnf?: {
    /** The thumbprint of a DPoP key (RFC 9449 §6.1). */
    readonly jkt?: string;
    /** The thumbprint of a certificate (RFC 8705 §3.1). */
    readonly 'x5t#S256'?: string;
  };
  /** The stored row of a token of the database; not enumerable. */
  readonly model?: AccessToken;
}

/** The answer for every other token (RFC 7662 §2.2). */
export interface InactiveInspection {
  /** The token cannot be used. */
  readonly active: false;
  /** The stored row of an expired or revoked token; not enumerable. */
  readonly model?: AccessToken;
}

/** The answer of an introspection (RFC 7662 §2.2). */
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
