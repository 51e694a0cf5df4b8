/** A browser that is signed in at the authorization server. */
export interface BrowserSession {
  /** Names it, and is no secret: base64url, 43 characters. It stays the same as long as the session lives. */
  readonly id: string;
  readonly userId: string;
  /** When the user signed in, in milliseconds since the Unix epoch. */
  readonly begunAtMilliseconds: number;
  /** When the browser came last. */
  readonly lastSeenAtMilliseconds: number;
  /** When it ends if the browser does not come again. */
  readonly expiresAtMilliseconds: number;
  /** Browser and system in words, e.g. `Firefox on Linux`; `null` if they are not known. */
  readonly browser: string | null;
  /** Where it came from last: an address, or the network of an IPv6 address; `null` if it is not known. */
  readonly address: string | null;
}

/** A part of the list of a user's sessions, newest first. */
export interface BrowserSessionPage {
  /** At most how many, 1 to 1000; the default is 50. */
  readonly limit?: number;
  /** The `id` of the last session of the page before. */
  readonly after?: string;
}
