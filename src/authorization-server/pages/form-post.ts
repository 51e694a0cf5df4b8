import { createHash } from 'node:crypto';
import { contentSecurityPolicy } from './security-headers.js';

/** Sends the form of a page as soon as it is there. Without JavaScript its button does. */
export const SEND_FORM = 'document.forms[0].submit()';

const SCRIPT_SOURCE = `'sha256-${createHash('sha256').update(SEND_FORM).digest('base64')}'`;

/** The policy of a page whose form goes to a URL by that script. */
export function formPostPolicy(url: string, issuer: string): string {
  return contentSecurityPolicy({ script: SCRIPT_SOURCE, formAction: formActionOf(url, issuer) });
}

/**
 * Where the form may go. Browsers that apply `form-action` to redirects (Chromium, Safari) apply it to those of the
 * application too, which may send its users on to any host of its own; so of an application elsewhere the scheme counts.
 */
function formActionOf(url: string, issuer: string): string {
  const { origin, protocol, host } = new URL(url, issuer);
  if (origin === new URL(issuer).origin) return "'self'";
  // Content Security Policy has no syntax for IPv6 addresses, and the origin of a private-use scheme is `null`.
  const hosts = origin === 'null' || host.startsWith('[') ? [] : [origin];
  return [...new Set([...hosts, protocol, 'https:'])].join(' ');
}
