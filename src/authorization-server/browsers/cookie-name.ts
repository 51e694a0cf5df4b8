import { sha256 } from '../../core/digest.js';

/** How many digits of a digest distinguish the cookies of two servers. */
const SUFFIX_LENGTH = 10;

/**
 * The name of a cookie of one authorization server. Cookies ignore ports, and with the path `/` also paths: without the
 * suffix, two servers on one host, or two issuers of one server, would overwrite each other's cookies. On https the
 * prefix `__Host-` lets browsers refuse a cookie that another subdomain, or plain http, tries to set (RFC 6265bis
 * §4.1.3).
 *
 * @param issuer the issuer identifier
 * @param prefix the path of the server
 */
export function cookieName(issuer: string, prefix: string, name: string): string {
  const suffix = sha256(JSON.stringify([issuer, prefix]))
    .toString('hex')
    .slice(0, SUFFIX_LENGTH);
  return `${issuer.startsWith('https:') ? '__Host-' : ''}${name}_${suffix}`;
}
