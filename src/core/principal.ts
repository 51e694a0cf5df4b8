/**
 * On whose behalf a request is made. Keys of different kinds never collide: user 5 is not application 5, and user 5 of
 * a foreign issuer is neither this application's user 5 nor that of another issuer. `String(principal)` is its key.
 */
export type Principal = UserPrincipal | ApplicationPrincipal | TokenPrincipal | AnonymousPrincipal;

/** A user. */
export interface UserPrincipal {
  /** Tells the kinds apart. */
  readonly kind: 'user';
  /** The host's id of the user; for a user of a foreign issuer the `sub`, which has a meaning only there. */
  readonly id: string;
  /** The foreign issuer of the user; `undefined`: a user of the host. */
  readonly issuer?: string | undefined;
  /** Names it in counters and logs; no two principals have the same. */
  readonly key: string;
}

/** An application that acts on its own behalf. */
export interface ApplicationPrincipal {
  /** Tells the kinds apart. */
  readonly kind: 'application';
  /** Its client identifier. */
  readonly id: string;
  /** The foreign issuer with which the application is registered; `undefined`: registered here. */
  readonly issuer?: string | undefined;
  /** Names it in counters and logs; no two principals have the same. */
  readonly key: string;
}

/** A token that belongs neither to a user nor to an application. */
export interface TokenPrincipal {
  /** Tells the kinds apart. */
  readonly kind: 'token';
  /** The digest of the token. */
  readonly id: string;
  /** Who issued it; `undefined`: this application. */
  readonly issuer?: string | undefined;
  /** Names it in counters and logs; no two principals have the same. */
  readonly key: string;
}

/** Nobody: the request has no credentials that count. */
export interface AnonymousPrincipal {
  /** Tells the kinds apart. */
  readonly kind: 'anonymous';
  /** Always `undefined`. */
  readonly issuer?: undefined;
  /** Always `undefined`: nobody has a key. */
  readonly key: undefined;
}

class KnownPrincipal<Kind extends 'user' | 'application' | 'token'> {
  constructor(
    readonly kind: Kind,
    readonly id: string,
    readonly issuer: string | undefined,
    readonly key: string,
  ) {
    Object.freeze(this);
  }

  toString(): string {
    return this.key;
  }
}

class Nobody {
  readonly kind = 'anonymous';
  readonly key = undefined;

  toString(): string {
    return 'anonymous';
  }
}

export const ANONYMOUS: AnonymousPrincipal = Object.freeze(new Nobody());

/** A user of the host, or of an issuer. */
export function userPrincipal(id: string, issuer?: string): UserPrincipal {
  return new KnownPrincipal('user', id, issuer, principalKey('user', id, issuer));
}

/** An application that is registered here, or with an issuer. */
export function applicationPrincipal(clientId: string, issuer?: string): ApplicationPrincipal {
  return new KnownPrincipal('application', clientId, issuer, principalKey('client', clientId, issuer));
}

/** A token without user and application is a principal of its own, identified by its SHA-256. */
export function tokenPrincipal(tokenKey: string, issuer?: string): TokenPrincipal {
  return new KnownPrincipal('token', tokenKey, issuer, `token:${tokenKey}`);
}

/**
 * The key of a user or an application: `user:5`, or `user@https://issuer.example|5`. Local ids may be any text, so
 * foreign ones have another prefix; an issuer is encoded so that the first `|` ends it.
 */
export function principalKey(kind: 'user' | 'client', id: string, issuer: string | undefined): string {
  return issuer === undefined ? `${kind}:${id}` : `${kind}@${issuer.replace(/[%|]/g, encodeURIComponent)}|${id}`;
}
