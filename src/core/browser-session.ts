/** A browser that is signed in at the authorization server. */
export interface BrowserSession {
  /** Identifies the session; not secret: base64url, 43 characters. It does not change during the session. */
  readonly id: string;
  /** The id of the user who is signed in. */
  readonly userId: string;
  /** When the user signed in, in milliseconds since the Unix epoch. */
  readonly begunAtMilliseconds: number;
  /** When the browser was last used. */
  readonly lastSeenAtMilliseconds: number;
  /** When it expires if the browser is not used again. */
  readonly expiresAtMilliseconds: number;
  /** A description of browser and system, e.g. `Firefox on Linux`; `null` if they are not known. */
  readonly browser: string | null;
  /** Its last address, or the network of an IPv6 address; `null` if it is not known. */
  readonly address: string | null;
}

/** A page of a user's sessions, newest first. */
export interface BrowserSessionPage {
  /** The greatest number of entries, 1 to 1000; the default is 50. */
  readonly limit?: number;
  /** The `id` of the last session of the previous page. */
  readonly after?: string;
}
