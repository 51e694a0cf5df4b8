import type { BrowserSession } from '../../../core/browser-session.js';
import type { Notice, Paging } from './page-parts.js';
import type { Viewer } from './viewer.js';

/** A token in a list. The token itself is not stored. */
export interface ListedToken {
  /** Whether it is an access token or a refresh token. */
  readonly kind: 'access' | 'refresh';
  /** The beginning of its SHA-256 in hexadecimal. */
  readonly hashPrefix: string;
  /** The client identifier of its application; `null`: the application was deleted. */
  readonly clientId: string | null;
  /** The name of its application; `null`: the application was deleted. */
  readonly applicationName: string | null;
  /** The id of its user; `null`: the application acts on its own behalf. */
  readonly userId: string | null;
  /** What it may do. */
  readonly scopes: readonly string[];
  /** When it was issued, in milliseconds since the epoch. */
  readonly createdAtMilliseconds: number;
  /** When it expires, in milliseconds since the epoch. */
  readonly expiresAtMilliseconds: number;
  /** Whether it can still be used. */
  readonly state: 'active' | 'revoked' | 'expired';
  /** The page that asks before it is revoked; `undefined`: it cannot be used any more. */
  readonly revokeUrl: string | undefined;
}

/** The search for tokens; staff only. */
export interface TokensModel {
  /** Who looks at it. */
  readonly viewer: Viewer;
  /** What was looked for, and where the form is sent. */
  readonly search: {
    /** Where the form is sent, by GET. */
    readonly action: string;
    /** The client identifier that was entered. */
    readonly clientId: string;
    /** The id of a user that was entered. */
    readonly userId: string;
    /** The beginning of a SHA-256 that was entered. */
    readonly hashPrefix: string;
  };
  /** `undefined`: nothing was looked for yet. */
  readonly tokens: readonly ListedToken[] | undefined;
  /** What is wrong with what was entered. */
  readonly problem: 'hash' | undefined;
  /** The other parts of the list. */
  readonly paging: Paging;
  /** What was just done. */
  readonly notice: Notice | undefined;
}

/** A browser in which the user is signed in. */
export interface ListedSession extends BrowserSession {
  /** Whether it is the browser that asks. */
  readonly isCurrent: boolean;
  /** The page that asks before it is signed out. */
  readonly endUrl: string;
}

/** Whose sessions staff looked for. */
export interface SessionSearch {
  /** Where the form is sent, by GET. */
  readonly action: string;
  /** The id of a user that was entered. */
  readonly userId: string;
}

/** The browsers in which a user is signed in: the viewer's own, or for staff anybody's. */
export interface SessionsModel {
  /** Who looks at it. */
  readonly viewer: Viewer;
  /** `undefined`: nobody was chosen yet (staff). */
  readonly sessions: readonly ListedSession[] | undefined;
  /** Staff only: whose sessions. */
  readonly search: SessionSearch | undefined;
  /** Ends all others; for staff, all. */
  readonly endAllUrl: string | undefined;
  /** The other parts of the list. */
  readonly paging: Paging;
  /** What was just done. */
  readonly notice: Notice | undefined;
}
