import type { Context } from 'koa';
import { userPrincipal } from '../../../src/core/principal.js';
import { verifiedToken } from '../../../src/core/verified-token.js';
import type { Authentication } from '../../../src/resource-server/authentication/authenticator.js';
import type { GuardedAction } from '../../../src/resource-server/permissions/permission.js';
import { RequestAccess } from '../../../src/resource-server/request-access.js';

const noGuard = {
  address: () => 'ip:192.0.2.1',
  nowMilliseconds: () => Date.now(),
  checkObject: () => Promise.resolve(),
  refused: (_access: RequestAccess, _plan: unknown, error: unknown) => error as Error,
};

export function token(
  scopes: string[],
  of: { userId?: string; clientId?: string } = { userId: 'alice', clientId: 'demo' },
) {
  return verifiedToken({
    key: 'k',
    id: 1,
    clientId: of.clientId,
    applicationName: of.clientId,
    userId: of.userId,
    scopes,
    audience: undefined,
    issuedAtMilliseconds: 0,
    expiresAtMilliseconds: Number.MAX_SAFE_INTEGER,
  });
}

function access(
  authentication: Authentication | undefined,
  method = 'GET',
  query: Record<string, string> = {},
): RequestAccess {
  return new RequestAccess({ method, query, headers: {} } as unknown as Context, authentication, noGuard, undefined);
}

export function withToken(scopes: string[], method = 'GET', query: Record<string, string> = {}): RequestAccess {
  const verified = token(scopes);
  return access(
    { authType: 'oauth2', principal: verified.principal, token: verified, user: { id: 'alice' }, userId: 'alice' },
    method,
    query,
  );
}

/** A user whose token is bound to a key (DPoP). */
export function withBoundToken(scopes: string[]): RequestAccess {
  const verified = verifiedToken({ ...token(scopes), confirmation: { jkt: 'k' } });
  return access({ authType: 'oauth2', principal: verified.principal, token: verified });
}

export function withClientToken(scopes: string[], method = 'GET'): RequestAccess {
  const verified = token(scopes, { clientId: 'demo' });
  return access({ authType: 'oauth2', principal: verified.principal, token: verified }, method);
}

export function withSession(method = 'GET', user: object = { id: 'alice' }): RequestAccess {
  return access({ authType: 'session', principal: userPrincipal('alice'), user, userId: 'alice' }, method);
}

export function anonymous(method = 'GET'): RequestAccess {
  return access(undefined, method);
}

export function action(requiredScopes?: string[], verb = 'GET'): GuardedAction {
  return {
    controller: class BookController {},
    method: 'list',
    verb,
    path: '/books',
    requiredScopes: requiredScopes === undefined ? undefined : Object.freeze(requiredScopes),
    readScope: 'read',
    writeScope: 'write',
  };
}
