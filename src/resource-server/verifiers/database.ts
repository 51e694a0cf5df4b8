import type { Clock } from '../../core/clock.js';
import { sha256 } from '../../core/digest.js';
import { after, nativePromise } from '../../core/promises.js';
import { parseScope } from '../../core/scopes.js';
import type { UserStore } from '../../core/users.js';
import { EXPIRED, INVALID, isTokenExpired, type Verification, verifiedToken } from '../../core/verified-token.js';
import { throwUserStoreError } from '../../storage/host-outages.js';
import type { AccessTokenRow, TokenReader } from '../../storage/index.js';
import type { TokenVerifier } from './verifier.js';

/** Which tokens are meant for this resource (RFC 8707, RFC 9068 §4). */
export interface AudienceOptions {
  /** This resource's identifier, an absolute URI; tokens for another resource are refused. */
  readonly resource?: string;
  /** Whether a token without any audience is refused when `resource` is set. Default true. */
  readonly requireAudience?: boolean;
}

/** What the database verifier is made of. */
export interface DatabaseVerifierParts extends AudienceOptions {
  readonly reader: TokenReader;
  readonly users: UserStore | undefined;
  readonly clock: Clock;
}

/** Verifies opaque tokens by one statement over their SHA-256, and asks the host whether their user may act. */
export class DatabaseVerifier implements TokenVerifier {
  constructor(private readonly parts: DatabaseVerifierParts) {}

  verify(token: string, key: string): Verification | Promise<Verification> {
    return after(nativePromise(this.parts.reader.read(sha256(token))), (row) => this.judge(row, key));
  }

  private judge(row: AccessTokenRow | undefined, key: string): Verification | Promise<Verification> {
    if (row === undefined || row.revokedAtMs !== null || row.coveredByRevocation || row.applicationDisabled)
      return INVALID;
    // A token bound to a key or a certificate is not a bearer token (RFC 9449 §7.1, RFC 8705 §3).
    if (row.senderConstrained || !this.isForThisResource(row.audience)) return INVALID;
    const token = verifiedToken({
      key,
      id: row.id,
      clientId: row.clientId ?? undefined,
      applicationName: row.applicationName ?? undefined,
      userId: row.userId ?? undefined,
      scopes: parseScope(row.scope),
      audience: row.audience,
      issuedAtMilliseconds: row.createdAtMs,
      expiresAtMilliseconds: row.expiresAtMs,
    });
    if (isTokenExpired(token, this.parts.clock.nowMilliseconds())) return EXPIRED;
    if (token.userId === undefined) return { status: 'active', token, user: undefined };
    return after(
      activeUser(this.parts.users, token.userId),
      (user): Verification => (user === undefined ? INVALID : { status: 'active', token, user }),
    );
  }

  private isForThisResource(audience: readonly string[] | undefined): boolean {
    const { resource, requireAudience = true } = this.parts;
    if (audience === undefined || audience.length === 0) return resource === undefined || !requireAudience;
    // Without a name of our own, a token that names its audience cannot be shown to be meant for us.
    return resource !== undefined && audience.includes(resource);
  }
}

/**
 * The user if there is one and they may act; without a user store, the bare id is all that is known of a user.
 *
 * @throws TemporarilyUnavailableError (or rejects with one) if something is away that the user store needs
 */
export function activeUser(users: UserStore | undefined, userId: string): unknown | Promise<unknown> {
  if (users === undefined) return { id: userId };
  let found: unknown;
  try {
    found = nativePromise(users.findById(userId));
  } catch (error) {
    throwUserStoreError(error);
  }
  return after(found, (user) => ifActive(users, user), throwUserStoreError);
}

function ifActive(users: UserStore, user: unknown): unknown | Promise<unknown> {
  // Some stores say null or false where there is nobody.
  if (user === undefined || user === null || user === false) return undefined;
  let active: boolean | Promise<boolean>;
  try {
    active = nativePromise(users.isActive(user));
  } catch (error) {
    throwUserStoreError(error);
  }
  return after(active, (value) => (value ? user : undefined), throwUserStoreError);
}
