import { knownOptions } from '../../core/options/index.js';
import { LOOPBACK_HOSTS } from '../../core/redirect-uri.js';
import type { Issuer } from './issuer.js';
import { flag, pathOf, seconds } from './option-checks.js';

/** Tells browsers to use only https for this host (RFC 6797 §6.1). */
export interface StrictTransportSecurityOptions {
  /** Default 31536000, a year; 0 makes browsers forget it. */
  readonly maxAgeSeconds?: number | undefined;
  /** Whether it applies to all subdomains. Default false. */
  readonly includeSubDomains?: boolean | undefined;
}

const YEAR_SECONDS = 31_536_000;

/** The value of the header field; `undefined`: none. */
export function readStrictTransportSecurity(given: unknown, { protocol, origin }: Issuer): string | undefined {
  // On a developer's machine it would prevent every other server there from using http.
  const isOwnMachine = LOOPBACK_HOSTS.includes(new URL(origin).hostname);
  if (given === false || (given === undefined && isOwnMachine)) return undefined;
  const { maxAgeSeconds, includeSubDomains } = knownOptions<StrictTransportSecurityOptions>(
    pathOf('strictTransportSecurity'),
    given ?? {},
    ['maxAgeSeconds', 'includeSubDomains'],
    'give false, or an object such as { maxAgeSeconds, includeSubDomains }',
  );
  const age = seconds('strictTransportSecurity.maxAgeSeconds', maxAgeSeconds, YEAR_SECONDS, 0);
  const all = flag('strictTransportSecurity.includeSubDomains', includeSubDomains, false);
  // RFC 6797 §7.2: the field must not be sent over http.
  return protocol === 'https' ? `max-age=${age}${all ? '; includeSubDomains' : ''}` : undefined;
}
