import { ANONYMOUS, applicationPrincipal, userPrincipal } from '../../../src/core/principal.js';
import type { ThrottleSubject } from '../../../src/throttling/index.js';

/** Callers as the guard describes them. */
export function user(id: string, clientId?: string, tokenKey?: string, address = 'ip:203.0.113.1'): ThrottleSubject {
  return { principal: userPrincipal(id), userId: id, clientId, tokenKey, address: () => address, request: {} };
}

export function application(clientId: string, tokenKey = `token-of-${clientId}`): ThrottleSubject {
  return {
    principal: applicationPrincipal(clientId),
    clientId,
    tokenKey,
    address: () => 'ip:203.0.113.1',
    request: {},
  };
}

export function anonymous(address = 'ip:203.0.113.1'): ThrottleSubject {
  return { principal: ANONYMOUS, address: () => address, request: {} };
}
