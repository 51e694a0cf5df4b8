import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

/** 48 bits in base64url. One in 2^48 guesses passes, and costs no more than a look-up that finds nothing. */
const CHECK_LENGTH = 8;

/** 32 random bytes in base64url. */
const BODY_LENGTH = 43;

/**
 * The form of the opaque tokens that are issued here: a prefix, 43 random characters, and 8 check characters, which are the
 * beginning of an HMAC-SHA256 over all before them. Only who has a key can make them, so that a forged token is
 * recognized without a look-up. They are no proof that the token was issued or is still good.
 */
export class OpaqueFormat {
  private readonly keys: readonly KeyObject[];
  private readonly length: number;

  /**
   * @param prefix how every token begins
   * @param secrets of 32 bytes; the first makes check characters, each verifies them. Without one there are none
   */
  constructor(
    readonly prefix: string,
    secrets: readonly Uint8Array[],
  ) {
    this.keys = secrets.map(checkKey);
    this.length = prefix.length + BODY_LENGTH + CHECK_LENGTH;
  }

  /** Whether tokens get check characters. */
  get hasKeys(): boolean {
    return this.keys.length > 0;
  }

  /** The token with this body of 43 characters. Without a key it is the body alone. */
  token(body: string): string {
    const [key] = this.keys;
    return key === undefined ? body : this.under(key, body);
  }

  /** All tokens that may have been made of a body: under each key, and as they were before they had check characters. */
  tokensOf(body: string): readonly string[] {
    return [...this.keys.map((key) => this.under(key, body)), body];
  }

  /** Whether a token begins as those that were issued here. */
  isPrefixed(token: string): boolean {
    return token.startsWith(this.prefix);
  }

  /** Whether the check characters of a token are those that one of the keys makes. */
  isGenuine(token: string): boolean {
    if (token.length !== this.length || !token.startsWith(this.prefix)) return false;
    const checked = token.slice(0, -CHECK_LENGTH);
    for (const key of this.keys) if (endsWithInConstantTime(token, checkOf(key, checked))) return true;
    return false;
  }

  private under(key: KeyObject, body: string): string {
    const token = this.prefix + body;
    return token + checkOf(key, token);
  }
}

function checkOf(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url').slice(0, CHECK_LENGTH);
}

/** Takes as long for a wrong first character as for a wrong last one. Compares characters, of which none is left out. */
function endsWithInConstantTime(text: string, end: string): boolean {
  const start = text.length - end.length;
  let difference = 0;
  for (let index = 0; index < end.length; index += 1) {
    difference |= text.charCodeAt(start + index) ^ end.charCodeAt(index);
  }
  return difference === 0;
}

/** Derives the key for this purpose (RFC 5869), so that others may be derived from the same secret. */
function checkKey(secret: Uint8Array): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'routing-controllers-oauth2 opaque tokens', 32)));
}
