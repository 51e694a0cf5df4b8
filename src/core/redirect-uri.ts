/** Hosts that mean this machine (RFC 8252 §7.3, §8.3). */
const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * What is wrong with a redirect URI, in words; `undefined` if nothing is. It is judged as written and never changed,
 * since redirect URIs are compared as strings (RFC 9700 §2.1).
 *
 * @param clientType a private-use scheme is for public applications: any application on a device may claim it, so it
 *   proves nothing about a confidential one (RFC 8252 §7.1, §8.6)
 */
export function redirectUriProblem(uri: unknown, clientType: 'confidential' | 'public'): string | undefined {
  if (typeof uri !== 'string') return 'a redirect URI is a string.';
  if (!/^[\x21-\x7e]+$/.test(uri)) return 'write other characters than printable ASCII as percent-escapes.';
  if (!URL.canParse(uri)) return 'not an absolute URI, write e.g. https://app.example.com/callback.';
  const { protocol, hostname, username, password } = new URL(uri);
  // RFC 6749 §3.1.2: absolute, without fragment.
  if (uri.includes('#')) return 'a redirect URI has no fragment (RFC 6749 §3.1.2).';
  if (username !== '' || password !== '') return 'a redirect URI has no user and no password.';
  // The URL parser reads `https:/x` and `https:\\x` as `https://x`; what browsers repair is not exact.
  const isWeb = protocol === 'https:' || protocol === 'http:';
  if (isWeb && !/^https?:\/\/[^/\\]/i.test(uri)) return 'write two slashes after the scheme.';
  if (uri.includes('\\')) return 'a redirect URI has no backslash.';
  if (protocol === 'https:') return undefined;
  if (protocol === 'http:') {
    // RFC 9700 §2.6, RFC 8252 §7.3
    return LOOPBACK_HOSTS.includes(hostname) ? undefined : 'http is for loopback addresses only, use https.';
  }
  // RFC 8252 §7.1: private-use schemes are reverse domain names, which keeps javascript: and data: out.
  if (!protocol.includes('.')) {
    return 'use https, http on loopback, or a private-use scheme like com.example.app (RFC 8252 §7.1).';
  }
  if (clientType === 'confidential') return 'a private-use scheme is for public applications only, use https.';
  return undefined;
}
