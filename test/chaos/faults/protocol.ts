/** What a server process is started with; JSON. All processes of a stand get the same, but for the port. */
export interface ServerSettings {
  readonly database: string;
  readonly databaseDeadlineMilliseconds: number;
  /** A URL, or a Sentinel that knows the master. */
  readonly redis: string | { readonly sentinelPort: number; readonly name: string };
  readonly issuer: string;
  readonly port: number;
  /** base64url. */
  readonly encryptionKey: string;
}

/** An application with a secret. */
export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What a stand asks of a process, and what it answers with. */
export interface Orders {
  /** Migrates, and registers what there has to be. */
  setUp(): { readonly service: Client; readonly web: Client };
  /** A token of the service, or of a user. */
  issue(options: { readonly user?: string; readonly scope: string; readonly lifetimeSeconds?: number }): string;
  revoke(token: string): boolean;
  /** A user that may act, with no rights of its own. */
  addUser(id: string): null;
  /** Stores that a user may no longer act, and tells the caches. */
  disableUser(id: string): null;
  /** An application for machines. */
  addClient(): Client;
  /** The new secret of an application. */
  rotateSecret(clientId: string): string;
  /** New signing keys at once, because the present ones have leaked. */
  replaceKeys(): readonly string[];
  /** How many tokens of the family of a refresh token are not revoked, and how many refresh tokens it has. */
  family(refreshToken: string): { readonly live: number; readonly refreshTokens: number };
}

export type OrderName = keyof Orders;

export interface Order {
  readonly id: number;
  readonly name: OrderName;
  readonly argument: unknown;
}

export type Report =
  /** It hears orders. */
  | { readonly kind: 'started' }
  | { readonly kind: 'listening' }
  | { readonly kind: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: string }
  | { readonly kind: 'log'; readonly line: string };

/**
 * The deadline of statements while there are faults: so short that a fault can last longer. A revocation tries for as long to
 * reach Redis.
 */
export const DATABASE_DEADLINE_MILLISECONDS = 2_000;

/** No request takes longer than the deadline and a second, and neither does it take to recover (docs/operations.md). */
export const LIMIT_MILLISECONDS = DATABASE_DEADLINE_MILLISECONDS + 1_000;

/** How long after a revocation was acknowledged a request may still be admitted (docs/revocation.md). */
export const REVOCATION_BOUND_MILLISECONDS = 1_000;

/** How far behind the database's a process's clock may be for an expired token to be admitted (docs/operations.md). */
export const CLOCK_TOLERANCE_MILLISECONDS = 1_000;

/** Requests with one token in a window of an hour. */
export const THROTTLE_LIMIT = 40;

/** The decision of a throttle may take so long before the mode decides (docs/throttling.md, the default). */
export const THROTTLE_DEADLINE_MILLISECONDS = 500;

export const REDIRECT_URI = 'https://app.example.com/callback';

/** The resource whose tokens are signed. */
export const SIGNED_RESOURCE = 'https://notes.example.com';
