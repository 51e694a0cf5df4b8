import type { KoaContextWithOIDC } from 'oidc-provider';
import { applicationOf } from '../client-metadata.js';

/** The reason of an interaction that the application is a native one. */
export const NATIVE_CLIENT_PROMPT = 'native_client_prompt';

/**
 * Whether a response goes to an address that any program on the user's machine can receive: a port of the loopback
 * interface or a private-use scheme (RFC 8252 §8.6). The identity of a public application is then not assured, and so
 * its user is asked each time. An https address identifies the application by itself (RFC 8252 §7.2), and an
 * application with a secret or a key authenticates.
 */
export function isNativeRequest({ oidc }: KoaContextWithOIDC): boolean {
  const { client, deviceCode } = oidc;
  // Devices confirm a code instead of a redirect.
  if (client === undefined || deviceCode !== undefined) return false;
  const redirectUri = oidc.params?.redirect_uri;
  if (typeof redirectUri !== 'string' || /^https:/i.test(redirectUri)) return false;
  // Servers use loopback addresses too; a program with a private-use scheme cannot keep a secret.
  return applicationOf(client).isPublic || !/^http:/i.test(redirectUri);
}
