import type { OAuth2ErrorCode } from '../core/errors.js';
import { type Challenge, readChallenges } from './challenges.js';

/** What a response says of a refusal. */
export interface Denial {
  /** The status of the response. */
  readonly status: number;
  /** The code of the error: that of the body, else that of the challenge, else what the status says. */
  readonly error: string;
  /** The public description. */
  readonly description: string | undefined;
  /** The challenges of `WWW-Authenticate`; empty if there are none. */
  readonly challenges: readonly Challenge[];
  /** The scopes that the challenge names. */
  readonly scopes: readonly string[];
  /** `Retry-After`, in seconds. */
  readonly retryAfterSeconds: number | undefined;
  /** The body: what its JSON says, or its text. */
  readonly body: unknown;
}

/** The status of each error. */
export const STATUS: Readonly<Record<OAuth2ErrorCode, number>> = {
  authentication_required: 401,
  invalid_request: 400,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  insufficient_scope: 403,
  insufficient_user_authentication: 401,
  access_denied: 403,
  throttled: 429,
  temporarily_unavailable: 503,
  invalid_scope: 400,
  invalid_client: 401,
  server_error: 500,
};

/** What a status says where neither the body nor the challenge has a code, as with `errorBody: 'drf'`. */
const SAID_BY_STATUS: Readonly<Record<number, OAuth2ErrorCode>> = {
  400: 'invalid_request',
  401: 'authentication_required',
  403: 'access_denied',
  429: 'throttled',
  500: 'server_error',
  503: 'temporarily_unavailable',
};

/** The errors that a challenge names (RFC 6750 §3.1, RFC 9449 §7.1, RFC 9470 §3). */
export const NAMED_IN_CHALLENGE: ReadonlySet<string> = new Set<OAuth2ErrorCode>([
  'invalid_token',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'insufficient_scope',
  'insufficient_user_authentication',
]);

/** Reads the body of a response as JSON, else as text; the response stays readable. */
export async function bodyOf(response: Response): Promise<unknown> {
  if (response.bodyUsed) return undefined;
  const text = await response.clone().text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** What a response says of a refusal; for a success, which is none, its code is empty. */
export function denialOf(response: Response, body: unknown): Denial {
  const { status, headers } = response;
  const challenges = readChallenges(headers.get('www-authenticate') ?? '') ?? [];
  const ofBody = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  const named = challenges.find(({ parameters }) => parameters.error !== undefined)?.parameters;
  const first = challenges.find(({ parameters }) => parameters.scope !== undefined)?.parameters;
  const retryAfter = headers.get('retry-after');
  return {
    status,
    error: text(ofBody.error) ?? named?.error ?? SAID_BY_STATUS[status] ?? '',
    description: text(ofBody.error_description) ?? text(ofBody.detail) ?? named?.error_description,
    challenges,
    scopes: first?.scope?.split(' ') ?? [],
    retryAfterSeconds: retryAfter === null ? undefined : Number(retryAfter),
    body,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
