import { sha256 } from '../../core/digest.js';
import { generateTokenValue } from '../../core/token-value.js';
import type { Endpoint } from '../http/request/endpoint.js';
import { parameter } from '../http/request/parameters.js';
import type { ReadRequest } from '../http/request/read-request.js';
import { currentState } from './inner-state.js';

/** A JWT that a request presents, and the text that stands in its place while oidc-provider handles the request. */
export interface PresentedJwt {
  readonly alias: string;
  readonly token: string;
}

/** The endpoints at which oidc-provider refuses every JWT (`unsupported_token_type`), since it stores none. */
const REFUSES_JWTS = new Set(['introspection', 'revocation']);

/**
 * The JWT that is to be introspected or revoked (RFC 7662 §2.1, RFC 7009 §2.1). Its alias is random, so that nobody can
 * present one.
 */
export function presentedJwt({ name }: Endpoint, { parameters }: ReadRequest): PresentedJwt | undefined {
  if (!REFUSES_JWTS.has(name)) return undefined;
  const token = parameter(parameters, 'token');
  return token?.includes('.') ? { alias: generateTokenValue(), token } : undefined;
}

/** The body of a request, with the alias in place of the JWT. */
export function bodyWithAlias({ body, parameters }: ReadRequest, presented: PresentedJwt | undefined): string {
  if (presented === undefined) return body;
  const form = new URLSearchParams();
  for (const [name, value] of parameters) form.append(name, name === 'token' ? presented.alias : value);
  return form.toString();
}

/** The token that was presented, of which oidc-provider may know the alias. */
export function presentedToken(id: string): string {
  const presented = currentState()?.presentedJwt;
  return presented?.alias === id ? presented.token : id;
}

/** The digest under which an access token is stored that oidc-provider looks up. */
export function storedDigest(id: string): Buffer {
  return sha256(presentedToken(id));
}
