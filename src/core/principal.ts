/** Who a request acts as. Keys of different kinds never collide: user 5 is not application 5. */
export type Principal =
  | { readonly kind: 'user'; readonly id: string; readonly key: string }
  | { readonly kind: 'application'; readonly id: string; readonly key: string }
  | { readonly kind: 'token'; readonly id: string; readonly key: string }
  | { readonly kind: 'anonymous'; readonly key: undefined };

export const ANONYMOUS: Principal = Object.freeze({ kind: 'anonymous', key: undefined });

export function userPrincipal(id: string): Principal {
  return { kind: 'user', id, key: `user:${id}` };
}

export function applicationPrincipal(clientId: string): Principal {
  return { kind: 'application', id: clientId, key: `client:${clientId}` };
}

/** A token of neither a user nor an application is a principal of its own, named by its SHA-256. */
export function tokenPrincipal(tokenKey: string): Principal {
  return { kind: 'token', id: tokenKey, key: `token:${tokenKey}` };
}
