import { LOOPBACK_HOSTS } from './redirect-uri.js';

/** As browsers write the origin of a page (RFC 6454 §6.2): scheme, host and port. A page without one says `null`. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@,]{1,255}$/;

/** Whether a text is the origin of a page; `null`, which any page can have, is none. */
export function isOrigin(value: unknown): value is string {
  return typeof value === 'string' && ORIGIN.test(value);
}

/** A page of a browser extension or of an application with an embedded browser, such as `capacitor://localhost`. */
const OF_APPLICATIONS = /^[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9._-]+(:\d{1,5})?$/;
const NO_PAGES: readonly string[] = ['file:', 'data:', 'blob:', 'javascript:', 'about:', 'ws:', 'wss:', 'ftp:'];

/**
 * What is wrong with an origin whose pages are to read answers, in words; `undefined` if nothing is. It is compared as a
 * string with what browsers send, so it has to be written as they write it.
 */
export function originProblem(origin: unknown): string | undefined {
  if (typeof origin !== 'string') return 'an origin is a string';
  if (origin.includes('*')) return 'name each origin; there are no patterns';
  if (origin === 'null') return 'any page can have the origin null, so it says nothing';
  if (!URL.canParse(origin)) return 'not an origin, write e.g. https://app.example.com';
  const { protocol, hostname, origin: written } = new URL(origin);
  if (protocol === 'https:' || protocol === 'http:') {
    if (origin !== written) {
      return `write scheme, host and port alone, as browsers do: ${isOrigin(written) ? written : 'https://app.example.com'}`;
    }
    const isReachedSafely = protocol === 'https:' || LOOPBACK_HOSTS.includes(hostname);
    return isReachedSafely ? undefined : 'http is for loopback addresses only, use https';
  }
  if (NO_PAGES.includes(protocol) || !OF_APPLICATIONS.test(origin)) {
    return 'write scheme, host and port alone, e.g. https://app.example.com';
  }
  return undefined;
}
