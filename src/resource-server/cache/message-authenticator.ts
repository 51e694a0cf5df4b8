import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Raised with every change of the form; what another version wrote is not read. */
const VERSION = 'm1';

/** SHA-256 as base64url. */
const MAC_LENGTH = 43;

const KEY_ID_LENGTH = 8;

const FORM = new RegExp(`^${VERSION}\\.([\\w-]{${KEY_ID_LENGTH}})\\.([\\w-]{${MAC_LENGTH}})\\.`);

/**
 * Authenticates what lies in Redis and what is sent through it, so that whoever can write there is nobody.
 *
 * A text is signed together with where it belongs: the key and field, or the channel. What was copied to another place
 * does not verify. HMAC-SHA256 (RFC 2104) is computed over the version, the database, the parts of the place with their
 * number and lengths, and the text. A signed text names its key, so that verifying costs one HMAC however many keys there are.
 */
export class MessageAuthenticator {
  private readonly beginning: string;
  private readonly signing: { readonly id: string; readonly key: Buffer };
  private readonly keys: ReadonlyMap<string, Buffer>;

  /**
   * @param database the identity of the database that all texts belong to
   * @param secrets the first one signs, each one verifies; at least one
   */
  constructor(database: string, secrets: readonly Buffer[]) {
    this.beginning = framed(VERSION) + framed(database);
    const keys = secrets.map((secret) => ({
      id: derived(secret, 'key id', 6).toString('base64url'),
      key: derived(secret, 'mac', 32),
    }));
    this.signing = keys[0] as (typeof keys)[0];
    this.keys = new Map(keys.map(({ id, key }) => [id, key]));
  }

  /** The text with its authentication, for this place only. */
  sign(place: readonly string[], text: string): string {
    const { id, key } = this.signing;
    return `${VERSION}.${id}.${this.mac(key, place, text)}.${text}`;
  }

  /** The text that was signed for this place, by one of the keys; `undefined` for everything else. */
  verify(place: readonly string[], signed: string): string | undefined {
    const form = FORM.exec(signed);
    if (form === null) return undefined;
    const [head, id, mac] = form as unknown as [string, string, string];
    const key = this.keys.get(id);
    if (key === undefined) return undefined;
    const text = signed.slice(head.length);
    // Compared as texts: two texts of base64url can stand for the same bytes.
    const expected = this.mac(key, place, text);
    return timingSafeEqual(Buffer.from(mac, 'latin1'), Buffer.from(expected, 'latin1')) ? text : undefined;
  }

  private mac(key: Buffer, place: readonly string[], text: string): string {
    // With their number, and its length before each part, no two places and texts make the same whole. One text, as each
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

/** A key for one purpose (RFC 5869), so that nothing that is shown tells anything of the one that authenticates. */
function derived(secret: Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `routing-controllers-oauth2 token cache ${purpose}`, bytes));
}
