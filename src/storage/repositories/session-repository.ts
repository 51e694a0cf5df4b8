import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../core/clock.js';
import { orUnavailable, retryContention } from '../database-errors.js';
import { requireDigest, requireUserId } from '../ids.js';
import type { OAuth2Models } from '../models/oauth2-models.js';
import type { ServerRecord } from '../models/server-record.js';
import { readable, readablePage } from '../readable-rows.js';
import { isExactly } from './exact-text.js';
import { checkedPage } from './page.js';

/** The kind of the record of a browser's session. */
export const SESSION_KIND = 'Session';
/** Records that a session has ended, by its second identifier. */
const ENDED = 'SessionEnded';
/** Records that all sessions of a user have ended except one, whose second identifier it contains. */
const ALL_ENDED = 'UserSessionsEnded';

/**
 * How long an end is recorded. A sign-in that had begun before it stores its session when the user returns from the
 * last page, at most an hour later.
 */
const REMEMBERED_MILLISECONDS = 4 * 3_600_000;

/** A browser's session, as it is stored. */
export interface StoredSession {
  /** SHA-256 of its second identifier, which stays the same as long as it lives. */
  readonly uidHash: Buffer;
  readonly userId: string;
  /** When the user signed in, in milliseconds since the Unix epoch. */
  readonly begunAtMilliseconds: number;
  readonly lastSeenAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
  readonly browser: string | null;
  readonly address: string | null;
}

/** A session that is to be stored for the first time, or under another name. */
export interface BegunSession {
  readonly uidHash: Buffer;
  readonly userId: string;
  /** What `mark` resolved to before the user was authenticated. */
  readonly mark: number;
}

/** A page of a user's sessions, newest first. */
export interface SessionPage {
  /** The greatest number of entries, 1 to 1000; the default is 50. */
  readonly limit?: number;
  /** Only what comes after the session with this second identifier (its SHA-256). */
  readonly after?: Buffer;
}

/**
 * Browser sessions by user: listed, and ended for good.
 *
 * Ending first records the end and then looks for sessions; a sign-in first stores its session and then looks for an
 * end (`hasEnded`). So one of the two sees the other, in whichever processes they run and whatever their clocks say,
 * without a lock.
 */
export class SessionRepository {
  private readonly clock: Clock;

  constructor(
    private readonly models: OAuth2Models,
    options: { readonly clock?: Clock } = {},
  ) {
    this.clock = options.clock ?? systemClock;
  }

  /**
   * Returns a mark to be taken before a user is authenticated: if all the user's sessions are ended later, the session
   * from this authentication is covered. It is not a time, so clocks need not agree.
   */
  mark(): Promise<number> {
    return orUnavailable(async () => {
      const last = await this.models.ServerRecord.query().select('id').orderBy('id', 'desc').first();
      return Number(last?.id ?? 0);
    });
  }

  /** Whether a session was ended while it was being created. */
  hasEnded({ uidHash, userId, mark }: BegunSession): Promise<boolean> {
    requireDigest(uidHash, 'uidHash');
    return orUnavailable(async () => {
      const { ServerRecord } = this.models;
      const one = await ServerRecord.query().where('uid_hash', uidHash).where('kind', ENDED).select('id').first();
      if (one !== undefined) return true;
      const all = await ServerRecord.query()
        .modify(isExactly, 'user_id', requireUserId(userId))
        .where('kind', ALL_ENDED)
        .where('id', '>', mark)
        .select('uid_hash');
      // What names no session excepts none.
      return all.some(({ uidHash: except }) => !(except instanceof Uint8Array) || !uidHash.equals(except));
    });
  }

  /** Ends one session for good, its grants aside. Resolves to whether there was one. */
  async end(uidHash: Buffer): Promise<boolean> {
    requireDigest(uidHash, 'uidHash');
    await this.note({ kind: ENDED, uidHash, userId: null });
    const ended = await retryContention(async () =>
      this.sessions().where('uid_hash', uidHash).whereNull('revoked_at_ms').patch(this.voided()),
    );
    return ended > 0;
  }

  /** Ends all sessions of a user for good, or all but one, their grants aside. Resolves to how many there were. */
  async endAllOf(userId: string, except?: Buffer): Promise<number> {
    requireUserId(userId);
    if (except !== undefined) requireDigest(except, 'except');
    await this.note({ kind: ALL_ENDED, uidHash: except ?? null, userId });
    return retryContention(async () => {
      const query = this.sessions().modify(isExactly, 'user_id', userId).whereNull('revoked_at_ms');
      if (except !== undefined) query.whereNot('uid_hash', except);
      return query.patch(this.voided());
    });
  }

  /** The live sessions of a user, newest first. @throws TypeError if the page is out of range */
  async listFor(userId: string, page: SessionPage = {}): Promise<StoredSession[]> {
    requireUserId(userId);
    const { limit } = checkedPage({ limit: page.limit });
    const { after } = page;
    const last = after === undefined ? undefined : await this.lastRowOf(after);
    if (after !== undefined && last === undefined) return [];
    const rows = await orUnavailable(() =>
      readablePage({ limit, beforeId: last }, (part) => {
        const query = this.live().modify(isExactly, 'user_id', userId).orderBy('id', 'desc').limit(part.limit);
        return part.beforeId === undefined ? query : query.where('id', '<', part.beforeId);
      }),
    );
    return rows.flatMap(sessionOf);
  }

  /** The live session with this second identifier. */
  async find(uidHash: Buffer): Promise<StoredSession | undefined> {
    requireDigest(uidHash, 'uidHash');
    const row = await orUnavailable(async () => this.live().where('uid_hash', uidHash).first());
    const found = readable(row);
    return found === undefined ? undefined : sessionOf(found)[0];
  }

  private lastRowOf(uidHash: Buffer): Promise<number | undefined> {
    requireDigest(uidHash, 'after');
    return orUnavailable(async () => {
      const row = await this.sessions().where('uid_hash', uidHash).orderBy('id', 'desc').select('id').first();
      return row?.id;
    });
  }

  private sessions() {
    return this.models.ServerRecord.query().where('kind', SESSION_KIND);
  }

  private live() {
    return this.sessions().whereNull('revoked_at_ms').where('expires_at_ms', '>', this.clock.nowMilliseconds());
  }

  private voided() {
    const now = this.clock.nowMilliseconds();
    return { revokedAtMilliseconds: now, updatedAtMilliseconds: now, payload: null };
  }

  private async note(end: { kind: string; uidHash: Buffer | null; userId: string | null }): Promise<void> {
    const now = this.clock.nowMilliseconds();
    await retryContention(async () =>
      this.models.ServerRecord.query().insert({
        ...end,
        recordHash: uniqueHash(),
        createdAtMilliseconds: now,
        updatedAtMilliseconds: now,
        expiresAtMilliseconds: now + REMEMBERED_MILLISECONDS,
      }),
    );
  }
}

/** Ends are never looked up by their identifier; it only has to be unique. */
function uniqueHash(): Buffer {
  return randomBytes(32);
}

function sessionOf(row: ServerRecord): StoredSession[] {
  const {
    uidHash,
    userId,
    begunAtMilliseconds,
    createdAtMilliseconds,
    updatedAtMilliseconds,
    expiresAtMilliseconds,
    browser,
    address,
  } = row;
  if (uidHash === null || userId === null || expiresAtMilliseconds === null) return [];
  return [
    {
      uidHash,
      userId,
      begunAtMilliseconds: begunAtMilliseconds ?? createdAtMilliseconds,
      lastSeenAtMilliseconds: updatedAtMilliseconds,
      expiresAtMilliseconds,
      browser,
      address,
    },
  ];
}
