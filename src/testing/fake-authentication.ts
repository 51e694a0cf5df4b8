import { foreignUserOf } from '../core/foreign-user.js';
import { userPrincipal } from '../core/principal.js';
import { generateTokenValue } from '../core/token-value.js';
import { verifiedToken } from '../core/verified-token.js';
import type { Authentication } from '../resource-server/authentication/authenticator.js';
import { userIdOf } from '../resource-server/user-reference.js';
import { type Caller, type CallerDetails, type CallerScopes, isClient, type Surroundings, tokenOf } from './caller.js';

/**
 * What authentication would find of a caller: a token with these scopes, or without scopes a user without a token, who is
 * known by a session.
 *
 * @param path the function that was called, for messages
 * @param surroundings with `user`, the object of the host's user
 * @throws ConfigurationError or TypeError if the caller, a scope or a detail is none
 */
export function fakeAuthentication(
  path: string,
  caller: Caller,
  scopes: CallerScopes | undefined,
  details: CallerDetails,
  surroundings: Surroundings & { readonly user: unknown },
): Authentication {
  if (scopes === undefined && !isClient(caller)) {
    const userId = userIdOf(caller, surroundings.users);
    return { authType: 'session', principal: userPrincipal(userId), user: surroundings.user, userId };
  }
  const token = verifiedToken(tokenOf(path, generateTokenValue(), caller, scopes ?? [], details, surroundings));
  const user = token.issuer === undefined ? surroundings.user : foreignUserOf(token);
  return { authType: 'oauth2', principal: token.principal, token, user, userId: token.userId };
}
