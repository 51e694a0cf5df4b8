/** As browsers write the origin of a page (RFC 6454 §6.2): scheme, host and port. A page without one says `null`. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@,]{1,255}$/;

/** Whether a text is the origin of a page; `null`, which any page can have, is none. */
export function isOrigin(value: unknown): value is string {
  return typeof value === 'string' && ORIGIN.test(value);
}
