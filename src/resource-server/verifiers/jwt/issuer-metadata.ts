import { LOOPBACK_HOSTS } from '../../../core/redirect-uri.js';
import { fetchJson, type JsonFetch } from '../fetch-json.js';

/** A metadata document has about 5 KiB. */
const MAXIMUM_METADATA_BYTES = 256 * 1024;

/**
 * Where an issuer's metadata may be: OpenID Connect Discovery §4 appends the path, RFC 8414 §3 puts it in front of the
 * issuer's own.
 */
export function metadataUrls(issuer: string): readonly [openid: string, oauth: string] {
  const { origin, pathname, search } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}${path}/.well-known/openid-configuration${search}`,
    `${origin}/.well-known/oauth-authorization-server${path}${search}`,
  ];
}

/**
 * Reads the address of an issuer's keys.
 *
 * @returns the `jwks_uri` of its metadata
 * @throws Error for the log, if neither document exists, or it belongs to another issuer
 */
export async function discoverKeys(
  issuer: string,
  fetching: Omit<JsonFetch, 'maximumBytes'>,
  allowHttpOnLoopback: boolean,
): Promise<string> {
  const problems: string[] = [];
  for (const url of metadataUrls(issuer)) {
    try {
      const document = await fetchJson(url, { ...fetching, maximumBytes: MAXIMUM_METADATA_BYTES });
      const { issuer: named, jwks_uri: keys } = (document ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
      // RFC 8414 §3.3: the issuer must be identical, or the metadata must not be used.
      if (named !== issuer) throw new Error(`${url} is the metadata of another issuer`);
      if (typeof keys !== 'string' || urlProblem(keys, allowHttpOnLoopback) !== undefined)
        throw new Error(`${url} has no usable jwks_uri`);
      return keys;
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  throw new Error(problems.join('; '));
}

/** The problem with a URL from which keys are fetched, in words; `undefined` if there is none. */
export function urlProblem(url: unknown, allowHttpOnLoopback: boolean): string | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return 'give an absolute URL';
  const { protocol, hostname, username, password, hash } = new URL(url);
  if (username !== '' || password !== '') return 'leave user and password out';
  if (hash !== '' || url.includes('#')) return 'leave the fragment out';
  if (protocol === 'https:') return undefined;
  if (protocol === 'http:' && LOOPBACK_HOSTS.includes(hostname)) {
    return allowHttpOnLoopback ? undefined : 'use https, or for a test set allowHttpOnLoopback';
  }
  return 'use https';
}
