import type { KoaContextWithOIDC } from 'oidc-provider';
import { applicationOf } from '../client-metadata.js';

/** What is asked of the user because the application is a native one; it stands among the reasons of an interaction. */
export const NATIVE_CLIENT_PROMPT = 'native_client_prompt';

/**
 * Whether an answer goes to an address that any program on the user's machine can take: a port of the loopback interface
 * or a private-use scheme (RFC 8252 §8.6). Who a public application is is then not assured, and so its user is asked
 * each time. An https address is its own proof, claimed by the application or not (RFC 8252 §7.2); one with a secret
 * or a key has another.
 */
export function isNativeRequest({ oidc }: KoaContextWithOIDC): boolean {
  const { client, deviceCode } = oidc;
  // Devices confirm a code instead of a redirect.
  if (client === undefined || deviceCode !== undefined) return false;
  const redirectUri = oidc.params?.redirect_uri;
  if (typeof redirectUri !== 'string' || /^https:/i.test(redirectUri)) return false;
  // On a loopback address there are servers too; a program with a scheme of its own keeps no secret.
  return applicationOf(client).isPublic || !/^http:/i.test(redirectUri);
}
