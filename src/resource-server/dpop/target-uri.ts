/** `.` and `..` as a segment of a path, also percent-encoded. */
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

const ENCODED = /%([0-9a-f]{2})/gi;
const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/**
 * Compares `htu` of a proof with the URI of a request, after normalizing both by scheme and syntax (RFC 9449 §4.3, RFC 3986
 * §6.2.2, §6.2.3): case, default port, dot segments, percent-encoded unreserved characters. Query and fragment do not count.
 *
 * The origin comes from the configuration, never from the `Host` of the request, which the caller chooses.
 */
export class TargetUri {
  /** Scheme, host, port and path prefix, without a trailing slash. */
  private readonly base: string;

  /** @param publicUrl the URL under which callers reach `/`, e.g. `https://api.example.com` */
  constructor(publicUrl: string) {
    this.base = publicUrl.replace(/\/+$/, '');
  }

  /** @param target the request target in origin form: a path, optionally with a query */
  matches(htu: unknown, target: string): boolean {
    if (typeof htu !== 'string') return false;
    const path = pathOf(target);
    if (path === undefined) return false;
    const expected = this.base + path;
    if (htu === expected) return true;
    const normalized = normalizedUri(htu);
    return normalized !== undefined && normalized === normalizedUri(expected);
  }
}

/**
 * The path of a request target. `undefined` for targets that a client with normalized URIs never sends, but a router
 * could interpret: targets not in origin form, dot segments, backslashes.
 */
function pathOf(target: string): string | undefined {
  const end = target.search(/[?#]/);
  const path = end === -1 ? target : target.slice(0, end);
  return path.startsWith('/') && !path.includes('\\') && !DOT_SEGMENT.test(path) ? path : undefined;
}

/** The normalized URI, without query and fragment; `undefined` if it is not an http(s) URI, or contains a user. */
export function normalizedUri(uri: string): string | undefined {
  if (!URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  const path = url.pathname.replace(ENCODED, (encoded, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return UNRESERVED.test(character) ? character : encoded.toUpperCase();
  });
  return url.origin + path;
}
