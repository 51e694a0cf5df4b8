import type { Verification } from '../../core/verified-token.js';

/** Turns a token into what is known of it. One method: a database, a JWT library and a remote server all fit. */
export interface TokenVerifier {
  /**
   * Looks a token up, without any cache.
   *
   * @param token the token as the caller presented it; it has the form of RFC 6750 §2.1
   * @param key its SHA-256, base64url
   * @throws TemporarilyUnavailableError if the answer cannot be had now; never an "invalid" for want of an answer
   */
  verify(token: string, key: string): Verification | Promise<Verification>;
}
