import { formatScope } from '../core/scopes.js';
import type { Verification } from '../core/verified-token.js';
import type { AccessToken } from '../storage/index.js';

/** An active token as RFC 7662 §2.2 describes it. Times are seconds since the Unix epoch. */
export interface ActiveInspection {
  readonly active: true;
  readonly scope: string;
  readonly client_id?: string;
  readonly token_type: 'Bearer';
  readonly exp: number;
  readonly iat: number;
  readonly sub?: string;
  readonly aud?: readonly string[];
  /** The stored row; not enumerable. */
  readonly model: AccessToken;
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
export function inspectionOf(verification: Verification, model: AccessToken): Inspection {
  if (verification.status !== 'active') return withModel({ active: false }, model);
  const { token } = verification;
  return withModel(
    {
      active: true,
      scope: formatScope(token.scopes),
      ...(token.clientId !== undefined && { client_id: token.clientId }),
      token_type: 'Bearer',
      exp: Math.floor(token.expiresAtMilliseconds / 1000),
      iat: Math.floor(token.issuedAtMilliseconds / 1000),
      ...(token.userId !== undefined && { sub: token.userId }),
      ...(token.audience !== undefined && { aud: token.audience }),
    },
    model,
  );
}

function withModel(inspection: object, model: AccessToken): Inspection {
  return Object.defineProperty(inspection, 'model', { value: model, enumerable: false }) as Inspection;
}
