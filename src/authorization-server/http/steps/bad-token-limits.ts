import type { Context } from 'koa';
import { sha256Key } from '../../../core/digest.js';
import { ThrottledError } from '../../../core/errors.js';
import { isTokenValue } from '../../../core/token-value.js';
import type { ServerContext } from '../../server-context.js';
import type { Step } from '../endpoint-request.js';
import { countedAddress } from '../request/counted-address.js';
import { type Parameters, parameter } from '../request/parameters.js';

/** `"Bearer" 1*SP token`; also with the scheme of a token that is bound to a key (RFC 9449 §7.1). */
const PRESENTED = /^(?:bearer|dpop)(?: +(.*))?$/i;

/**
 * Applies the budget of failed authentications to endpoints that accept tokens (userinfo, registration), as the guards
 * do.
 */
export function countBadTokens({ dependencies, settings }: ServerContext): Step {
  const { tokenAdmission, address } = dependencies;
  return async (request, next) => {
    const { outer, read } = request;
    const token = tokenOf(outer, read.parameters);
    if (token === undefined) return next(request);
    const from = countedAddress(outer, address(outer), settings.issuer.origin);
    const key = sha256Key(token);
    tokenAdmission.enter(from, key);
    try {
      await next(request);
    } finally {
      tokenAdmission.leave(from);
    }
    if (request.dispatched === undefined) return;
    const { status, body } = request.dispatched.inner;
    if (isInvalidToken(body) || (status >= 400 && status < 500 && !isTokenValue(token))) {
      try {
        await tokenAdmission.failed(from, 'invalid', key);
      } catch (error) {
        // No challenge, because other credentials would not be examined either.
        if (error instanceof ThrottledError) outer.remove('WWW-Authenticate');
        throw error;
      }
    } else if (status < 300 || status === 403) {
      // 403: the token is valid but lacks a scope.
      tokenAdmission.succeeded(key);
    }
  };
}

/** The token of a request (RFC 6750 §2.1, §2.2); an empty string if there is only the scheme. */
function tokenOf({ req }: Context, parameters: Parameters): string | undefined {
  const field = PRESENTED.exec(req.headers.authorization ?? '');
  return field === null ? parameter(parameters, 'access_token') : (field[1] ?? '');
}

function isInvalidToken(body: unknown): boolean {
  return typeof body === 'object' && body !== null && (body as { error?: unknown }).error === 'invalid_token';
}
