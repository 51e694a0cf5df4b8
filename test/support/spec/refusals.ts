import { expect } from '@jest/globals';
import type { Reply } from './http.js';

const REALM = 'Bearer realm="api"';

/** What a resource with metadata says in every challenge beside (RFC 9728 §5.1); test/spec/rfc9728 has it whole. */
const METADATA = /, resource_metadata="https?:[^"]+"$/;

/** The challenge of DPoP, which is the second one wherever there is an authorization server; test/spec/rfc9449 has it whole. */
const DPOP = /, DPoP realm="[^"]*"(, [a-z_]+="[^"]*")*$/;

/**
 * The challenge of bearer tokens without the metadata, and, unless its error is about scopes, without the scope that goes with
 * it.
 */
export function withoutMetadata(challenge: string | null | undefined): string | null | undefined {
  if (challenge === null || challenge === undefined) return challenge;
  const ofBearer = challenge.replace(DPOP, '');
  if (!METADATA.test(ofBearer)) return ofBearer;
  const rest = ofBearer.replace(METADATA, '');
  return rest.includes('error="insufficient_scope"') ? rest : rest.replace(/, scope="[^"]*"$/, '');
}

/** A refusal as a caller sees it: nothing else is in the body, nothing else in the challenge. */
function expectRefusal(reply: Reply, status: number, body: object, challenge: string | null): void {
  expect({ status: reply.status, body: reply.body }).toEqual({ status, body });
  expect(withoutMetadata(reply.headers.get('www-authenticate'))).toBe(challenge);
  expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8');
  const mayBeStored = ![401, 403, 429].includes(status);
  expect(reply.headers.get('cache-control')).toBe(mayBeStored ? null : 'no-store');
}

/** 401 without `error` in the challenge (RFC 6750 §3.1). */
export function expectNoCredentials(reply: Reply): void {
  const body = {
    error: 'authentication_required',
    error_description: 'Authentication credentials were not provided.',
  };
  expectRefusal(reply, 401, body, REALM);
}

export const INVALID = 'The access token is invalid.';
export const EXPIRED = 'The access token has expired.';

/** 401 `invalid_token` (RFC 6750 §3.1). */
export function expectInvalidToken(reply: Reply, description: string = INVALID): void {
  const challenge = `${REALM}, error="invalid_token", error_description="${description}"`;
  expectRefusal(reply, 401, { error: 'invalid_token', error_description: description }, challenge);
}

/** 400 `invalid_request` (RFC 6750 §3.1). */
export function expectInvalidRequest(reply: Reply, description: string): void {
  const challenge = `${REALM}, error="invalid_request", error_description="${description}"`;
  expectRefusal(reply, 400, { error: 'invalid_request', error_description: description }, challenge);
}

/** What a scope refusal tells of scopes: names, or alternatives. */
export interface ScopesOfRefusal {
  readonly required: readonly string[] | readonly (readonly string[])[];
  readonly provided: readonly string[];
  /** The `scope` of the challenge. */
  readonly scope: string;
}

const HIGHER = 'The request requires higher privileges than provided by the access token.';

/** 403 `insufficient_scope` (RFC 6750 §3.1), with the scopes in the body as `errorResponseWithScopes` asks for. */
export function expectInsufficientScope(reply: Reply, { required, provided, scope }: ScopesOfRefusal): void {
  const body = {
    error: 'insufficient_scope',
    error_description: HIGHER,
    required_scopes: required,
    provided_scopes: provided,
  };
  const challenge = `${REALM}, error="insufficient_scope", error_description="${HIGHER}", scope="${scope}"`;
  expectRefusal(reply, 403, body, challenge);
}

/** 403 `access_denied`: no scope would help. */
export function expectAccessDenied(reply: Reply, description: string): void {
  expectRefusal(reply, 403, { error: 'access_denied', error_description: description }, null);
}
