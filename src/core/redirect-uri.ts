/** Hosts that mean this machine (RFC 8252 §7.3, §8.3). */
export const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Schemes that execute or read something or lead to a web site, and so never lead back to an application. */
const FORBIDDEN_SCHEMES: ReadonlySet<string> = new Set([
  ...['javascript', 'vbscript', 'data', 'blob', 'filesystem', 'file', 'about', 'view-source', 'jar', 'resource'],
  ...['http', 'https', 'ws', 'wss', 'ftp', 'ftps', 'intent', 'android-app', 'urn', 'mailto', 'tel', 'sms'],
  ...['chrome', 'chrome-extension', 'moz-extension', 'edge', 'ms-browser-extension', 'safari-web-extension'],
]);

/**
 * The problem with an additional scheme for redirect URIs (besides https, http on loopback and reverse domain names),
 * in words; `undefined` if there is none.
 */
export function redirectUriSchemeProblem(scheme: unknown): string | undefined {
  if (typeof scheme !== 'string' || !/^[a-z][a-z0-9+.-]*$/.test(scheme)) {
    return "give only the scheme, in lower case and without a colon, e.g. 'myapp' (RFC 3986 §3.1)";
  }
  if (scheme === 'http' || scheme === 'https') return 'it has rules of its own; leave it out';
  // Firefox, Chrome and Windows open windows, settings and programs by schemes of their own.
  if (FORBIDDEN_SCHEMES.has(scheme) || /^(?:ms-|shell|search-ms)/.test(scheme)) {
    return 'it opens something other than an application; leave it out';
  }
  return undefined;
}

/**
 * The problem with a redirect URI, in words; `undefined` if there is none. It is checked as written and never
 * normalized, since redirect URIs are compared as strings (RFC 9700 §2.1).
 *
 * @param clientType private-use schemes are for public applications only: any application on a device may claim one, so
 *   it does not authenticate a confidential application (RFC 8252 §7.1, §8.6)
 * @param schemes private-use schemes that are allowed although they are not reverse domain names
 */
export function redirectUriProblem(
  uri: unknown,
  clientType: 'confidential' | 'public',
  schemes: readonly string[] = [],
): string | undefined {
  if (typeof uri !== 'string') return 'a redirect URI is a string.';
  if (!/^[\x21-\x7e]+$/.test(uri)) return 'percent-encode everything except printable ASCII.';
  if (!URL.canParse(uri)) return 'not an absolute URI, write e.g. https://app.example.com/callback.';
  const { protocol, hostname, username, password } = new URL(uri);
  // RFC 6749 §3.1.2: an absolute URI without a fragment.
  if (uri.includes('#')) return 'a redirect URI has no fragment (RFC 6749 §3.1.2).';
  if (username !== '' || password !== '') return 'a redirect URI has no user and no password.';
  // The URL parser reads `https:/x` and `https:\\x` as `https://x`, but redirect URIs must match exactly.
  const isWeb = protocol === 'https:' || protocol === 'http:';
  if (isWeb && !/^https?:\/\/[^/\\]/i.test(uri)) return 'write two slashes after the scheme.';
  if (uri.includes('\\')) return 'a redirect URI has no backslash.';
  if (protocol === 'https:') return undefined;
  if (protocol === 'http:') {
    // RFC 9700 §2.6, RFC 8252 §7.3
    return LOOPBACK_HOSTS.includes(hostname) ? undefined : 'http is for loopback addresses only, use https.';
  }
  const scheme = protocol.slice(0, -1);
  if (redirectUriSchemeProblem(scheme) !== undefined) return 'this scheme is never allowed, use https.';
  // RFC 8252 §7.1: private-use schemes are reverse domain names; anybody may claim others.
  if (!scheme.includes('.') && !schemes.includes(scheme)) {
    const others = schemes.length === 0 ? '' : `, or one of the allowed schemes ${schemes.join(', ')}`;
    return `use https, http on loopback, a private-use scheme like com.example.app (RFC 8252 §7.1)${others}.`;
  }
  if (clientType === 'confidential') return 'a private-use scheme is for public applications only, use https.';
  return undefined;
}
