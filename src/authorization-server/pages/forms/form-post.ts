import { createHash } from 'node:crypto';
import { contentSecurityPolicy } from '../rendering/security-headers.js';

/** Submits the form of a page when it is loaded. Without JavaScript the button does so. */
export const SEND_FORM = 'document.forms[0].submit()';

const SCRIPT_SOURCE = `'sha256-${createHash('sha256').update(SEND_FORM).digest('base64')}'`;

/** The policy of a page whose form is submitted to a URL by that script. */
export function formPostPolicy(url: string, issuer: string): string {
  return contentSecurityPolicy({ script: SCRIPT_SOURCE, formAction: formActionOf(url, issuer) });
}

/**
 * The allowed targets of the form. Browsers that apply `form-action` to redirects (Chromium, Safari) also apply it to
 * those of the application, which may redirect its users to any host; so for other origins the scheme is allowed.
 */
function formActionOf(url: string, issuer: string): string {
  const { origin, protocol, host } = new URL(url, issuer);
  if (origin === new URL(issuer).origin) return "'self'";
  // Content Security Policy has no syntax for IPv6 addresses, and the origin of a private-use scheme is `null`.
  const hosts = origin === 'null' || host.startsWith('[') ? [] : [origin];
  return [...new Set([...hosts, protocol, 'https:'])].join(' ');
}
