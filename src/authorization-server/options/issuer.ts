import { refuseOption } from '../../core/options/index.js';
import { pathOf } from './option-checks.js';

/** The issuer identifier (RFC 8414 §2), parsed. */
export interface Issuer {
  /** Exactly as given: clients compare it as a string (RFC 9207 §2.4). */
  readonly identifier: string;
  readonly protocol: 'https' | 'http';
  /** Host and port. */
  readonly host: string;
  readonly origin: string;
  /** The path; empty at the root of the host. */
  readonly path: string;
}

const PATH = pathOf('issuer');
const FIX =
  "give the https origin that browsers and clients see, e.g. 'https://auth.example.com': no query, no fragment, no slash at the end";
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** @throws ConfigurationError if it is not a valid issuer */
export function readIssuer(value: unknown, allowInsecure: boolean): Issuer {
  if (typeof value !== 'string' || !URL.canParse(value)) refuseOption(PATH, value, FIX);
  const { protocol, host, hostname, origin, pathname, username, password } = new URL(value);
  if (protocol !== 'https:' && protocol !== 'http:') refuseOption(PATH, value, FIX);
  if (username !== '' || password !== '') refuseOption(PATH, value, 'leave out user name and password');
  const path = pathname === '/' ? '' : pathname;
  // It must be normalized, because a different spelling would be another issuer for every client.
  if (value !== `${origin}${path}` || path.endsWith('/')) refuseOption(PATH, value, FIX);
  if (protocol === 'http:' && !LOOPBACK.test(hostname) && !allowInsecure) {
    const fix = 'use https, or set allowInsecureIssuer to true where security does not matter (RFC 8414 §2)';
    refuseOption(PATH, value, fix);
  }
  return Object.freeze({
    identifier: value,
    protocol: protocol === 'https:' ? 'https' : 'http',
    host,
    origin,
    path,
  });
}
