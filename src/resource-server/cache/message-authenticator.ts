import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';

/** Increased with every change of the format; texts of other versions are ignored. */
const VERSION = 'm1';

/** SHA-256 as base64url. */
const MAC_LENGTH = 43;

const KEY_ID_LENGTH = 8;

const FORM = new RegExp(`^${VERSION}\\.([\\w-]{${KEY_ID_LENGTH}})\\.([\\w-]{${MAC_LENGTH}})\\.`);

/**
 * Authenticates entries and messages in Redis, so that write access to Redis does not authenticate anybody.
 *
 * A text is signed together with its place: the key and field, or the channel. A copy in another place does not verify.
 * The HMAC-SHA256 (RFC 2104) covers the version, the database, the parts of the place with their number and lengths,
 * and the text. A signed text names its key, so that verifying costs one HMAC however many keys there are.
 */
export class MessageAuthenticator {
  private readonly beginning: string;
  private readonly signing: { readonly id: string; readonly key: KeyObject };
  private readonly keys: ReadonlyMap<string, KeyObject>;

  /**
   * @param database the identity of the database that all texts belong to
   * @param secrets the first one signs, each of them verifies; at least one
   */
  constructor(database: string, secrets: readonly Buffer[]) {
    this.beginning = framed(VERSION) + framed(database);
    const keys = secrets.map((secret) => ({
      id: derived(secret, 'key id', 6).toString('base64url'),
      // From a buffer, each HMAC would make such a key first.
      key: createSecretKey(derived(secret, 'mac', 32)),
    }));
    this.signing = keys[0] as (typeof keys)[0];
    this.keys = new Map(keys.map(({ id, key }) => [id, key]));
  }

  /** The text with its authentication for this place. */
  sign(place: readonly string[], text: string): string {
    const { id, key } = this.signing;
    return `${VERSION}.${id}.${this.mac(key, place, text)}.${text}`;
  }

  /** The text that one of the keys signed for this place; `undefined` for anything else. */
  verify(place: readonly string[], signed: string): string | undefined {
    const form = FORM.exec(signed);
    if (form === null) return undefined;
    const [head, id, mac] = form as unknown as [string, string, string];
    const key = this.keys.get(id);
    if (key === undefined) return undefined;
    const text = signed.slice(head.length);
    // Compared as strings, because two base64url strings can decode to the same bytes.
    const expected = this.mac(key, place, text);
    return timingSafeEqual(Buffer.from(mac, 'latin1'), Buffer.from(expected, 'latin1')) ? text : undefined;
  }

  private mac(key: KeyObject, place: readonly string[], text: string): string {
    // The number of parts, and the length in front of each, make the input unambiguous. It is one string because each
    // update costs a call.
    let whole = `${this.beginning}${place.length};`;
    for (const part of place) whole += framed(part);
    return createHmac('sha256', key)
      .update(whole + text)
      .digest('base64url');
  }
}

function framed(part: string): string {
  return `${part.length}:${part}`;
}

/**
 * Derives a key for one purpose (RFC 5869), so that the public key id reveals nothing about the key that authenticates.
 */
function derived(secret: Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `routing-controllers-oauth2 token cache ${purpose}`, bytes));
}
