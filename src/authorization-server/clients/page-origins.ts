import { parseScope } from '../../core/scopes.js';
import type { Application } from '../../storage/index.js';
import type { Issuer } from '../options/issuer.js';

/** The properties of an application that determine the origins of its pages. */
export interface PagesOfApplication {
  readonly isPublic: boolean;
  readonly redirectUris: readonly string[];
  /** Origins that it names itself. */
  readonly allowedOrigins: readonly string[];
}

/** The same properties of a stored application. */
export function pagesOf({ clientType, redirectUris, allowedOrigins }: Application): PagesOfApplication {
  return {
    isPublic: clientType === 'public',
    redirectUris: parseScope(redirectUris),
    allowedOrigins: parseScope(allowedOrigins ?? ''),
  };
}

/** A page on the user's own machine. As for redirect URIs, its port may differ each time (RFC 8252 §7.3). */
const LOOPBACK = /^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?$/;

/**
 * Whether pages of an origin may read responses to the application: the origins that it names, those of its redirect
 * URIs, and that of the authorization server itself, which browsers always allow.
 */
export function allowsOrigin(
  origin: string,
  issuer: Pick<Issuer, 'origin'>,
  { isPublic, redirectUris, allowedOrigins }: PagesOfApplication,
): boolean {
  if (origin === issuer.origin || allowedOrigins.includes(origin)) return true;
  // An application that can keep a secret does not run in a browser, unless it names origins.
  if (!isPublic) return false;
  const own = [...allowedOrigins, ...redirectUris.flatMap(originOf)];
  const portless = LOOPBACK.exec(origin)?.[1];
  return own.includes(origin) || (portless !== undefined && own.some((one) => LOOPBACK.exec(one)?.[1] === portless));
}

/** None for a private-use scheme, which no page has. */
function originOf(uri: string): string[] {
  if (!URL.canParse(uri)) return [];
  const { origin } = new URL(uri);
  return origin === 'null' ? [] : [origin];
}
