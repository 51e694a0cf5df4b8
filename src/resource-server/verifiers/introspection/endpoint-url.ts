import { LOOPBACK_HOSTS } from '../../../core/redirect-uri.js';

/** Whether tokens and secrets may be sent to this URL: over TLS, or to the loopback interface. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOSTS.includes(hostname));
}
