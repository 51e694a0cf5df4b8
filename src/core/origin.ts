import { LOOPBACK_HOSTS } from './redirect-uri.js';

/**
 * The origin of a page in the form that browsers send (RFC 6454 §6.2): scheme, host and port. A page without an origin
 * sends `null`.
 */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@,]{1,255}$/;

/** Whether a string is the origin of a page; `null`, which any page can have, is not. */
export function isOrigin(value: unknown): value is string {
  return typeof value === 'string' && ORIGIN.test(value);
}

/** Origins of browser extensions and of applications with an embedded browser, such as `capacitor://localhost`. */
const OF_APPLICATIONS = /^[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9._-]+(:\d{1,5})?$/;
const NO_PAGES: readonly string[] = ['file:', 'data:', 'blob:', 'javascript:', 'about:', 'ws:', 'wss:', 'ftp:'];

/**
 * The problem with an origin whose pages may read responses, in words; `undefined` if there is none. Browsers' `Origin`
 * fields are compared with it as strings, so it must be written as browsers write it.
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
