import type { Context } from 'koa';
import type { BrowserSession, BrowserSessionPage } from '../core/browser-session.js';
import { keyOfDigest } from '../core/digest.js';
import type { SessionEndedEvent } from '../core/events/event-map.js';
import type { OAuth2Events } from '../core/events/events.js';
import type { UserStore } from '../core/users.js';
import type { EndingSessions, SessionRepository, StoredSession, TokenRepository } from '../storage/index.js';
import type { TokenCache } from './cache/token-cache.js';
import { type UserReference, userIdOf } from './user-reference.js';

/** What the service depends on. */
export interface BrowserSessionsDependencies {
  readonly sessions: SessionRepository;
  readonly tokens: TokenRepository;
  readonly cache: TokenCache;
  readonly users: UserStore | undefined;
  readonly events: OAuth2Events;
  /** The `id` of the session that a request belongs to; `undefined` where there is none, or no authorization server. */
  readonly currentId?: ((context: Context) => Promise<string | undefined>) | undefined;
}

/** SHA-256 in base64url. */
const ID = /^[A-Za-z0-9_-]{43}$/;

/**
 * The browser sessions at the authorization server, by user. A session that is ended here has ended in every process
 * when the call resolves, and so has a sign-in in progress. Its tokens are revoked too, except those with
 * `offline_access`; see `TokenService.revokeAllOf` for those.
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 *
 * // Signs a user out at the authorization server, in every browser.
 * export async function signOutEverywhere(oauth2: OAuth2, userId: string): Promise<number> {
 *   const sessions = await oauth2.sessions.listFor(userId);
 *   console.log(sessions.map(({ id }) => id));
 *   return oauth2.sessions.endAllOf({ user: userId });
 * }
 * ```
 */
export class BrowserSessions {
  /** @internal */
  constructor(private readonly dependencies: BrowserSessionsDependencies) {}

  /**
   * A page of the live sessions of a user, newest first; 50 by default.
   *
   * @throws TypeError if the page is out of range
   */
  async listFor(user: UserReference, { limit, after }: BrowserSessionPage = {}): Promise<BrowserSession[]> {
    const uidHash = after === undefined ? undefined : digestOf(after);
    if (after !== undefined && uidHash === undefined) return [];
    const page = { ...(limit !== undefined && { limit }), ...(uidHash !== undefined && { after: uidHash }) };
    return (await this.dependencies.sessions.listFor(userIdOf(user, this.dependencies.users), page)).map(described);
  }

  /** The live session with this `id`. */
  async find(id: string): Promise<BrowserSession | undefined> {
    const uidHash = digestOf(id);
    const stored = uidHash && (await this.dependencies.sessions.find(uidHash));
    return stored && described(stored);
  }

  /** The session of the browser that made a request, if it is signed in here. */
  async currentOf(context: Context): Promise<BrowserSession | undefined> {
    const id = await this.dependencies.currentId?.(context);
    return id === undefined ? undefined : this.find(id);
  }

  /**
   * Ends a session. Resolves to whether it existed; it is not an error if it is unknown or has ended already.
   *
   * @throws TemporarilyUnavailableError if the database cannot answer; call it again
   */
  async end(id: string): Promise<boolean> {
    const uidHash = digestOf(id);
    if (uidHash === undefined) return false;
    // Before ending the session, so that a sign-out that fails half-way can be repeated in it; and again afterwards,
    // for what was granted meanwhile.
    await this.endGrants({ sessionUidHash: uidHash });
    const ended = await this.dependencies.sessions.end(uidHash);
    await this.endGrants({ sessionUidHash: uidHash });
    if (ended) this.told({ sessionId: id, userId: undefined, count: 1 });
    return ended;
  }

  /**
   * Ends all sessions of a user, or all but one, for example after a password change. Resolves to their number.
   *
   * @throws TemporarilyUnavailableError if the database cannot answer; call it again
   * @throws TypeError if `except` is not the id of a session
   */
  async endAllOf({ user, except }: EndedSessions): Promise<number> {
    const userId = userIdOf(user, this.dependencies.users);
    const exceptId = typeof except === 'object' ? except.id : except;
    const exceptUidHash = exceptId === undefined ? undefined : digestOf(exceptId);
    if (exceptId !== undefined && exceptUidHash === undefined) {
      throw new TypeError('except is not a session; pass a session from listFor or currentOf, or its id.');
    }
    const ended = await this.dependencies.sessions.endAllOf(userId, exceptUidHash);
    await this.endGrants({ userId, exceptUidHash });
    if (ended > 0) this.told({ sessionId: undefined, userId, count: ended });
    return ended;
  }

  private told(event: SessionEndedEvent): void {
    this.dependencies.events.tell('session.ended', () => event);
  }

  /** To be called after the sessions have ended, when no more grants can be made in them. */
  private async endGrants(ending: EndingSessions): Promise<void> {
    const { tokens, cache } = this.dependencies;
    for await (const keys of tokens.revokeFamiliesOf(ending)) {
      const [key] = keys;
      if (key !== undefined) await cache.invalidate({ kind: 'token', key }, keys);
    }
  }
}

/** Which sessions `endAllOf` ends. */
export interface EndedSessions {
  /** The id of the user whose sessions have ended. */
  readonly user: UserReference;
  /** The session that is kept, or its `id`. */
  readonly except?: BrowserSession | string | undefined;
}

function digestOf(id: unknown): Buffer | undefined {
  return typeof id === 'string' && ID.test(id) ? Buffer.from(id, 'base64url') : undefined;
}

function described({ uidHash, ...rest }: StoredSession): BrowserSession {
  return { id: keyOfDigest(uidHash), ...rest };
}
