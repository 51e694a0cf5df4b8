/** Loopback hosts, on which a native application may choose another port each time (RFC 8252 §7.3, RFC 9700 §2.1). */
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?(?=[/?]|$)/;

/**
 * Whether a redirect URI is registered: the same string (RFC 9700 §2.1), except that a native application may use any
 * port of the loopback interface.
 *
 * @param anyLoopbackPort whether the application is public, and so may run on the user's machine
 */
export function isRegistered(uri: unknown, registered: readonly string[], anyLoopbackPort: boolean): boolean {
  if (typeof uri !== 'string') return false;
  if (registered.includes(uri)) return true;
  if (!anyLoopbackPort) return false;
  const portless = withoutLoopbackPort(uri);
  return portless !== undefined && registered.some((one) => withoutLoopbackPort(one) === portless);
}

function withoutLoopbackPort(uri: string): string | undefined {
  // Compared as text: a URL parser would normalize different strings to the same URL.
  const match = LOOPBACK.exec(uri);
  if (match === null || !URL.canParse(uri)) return undefined;
  return `http://${match[1]}${uri.slice(match[0].length)}`;
}
