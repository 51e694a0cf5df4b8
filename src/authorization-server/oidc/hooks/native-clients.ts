import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { applicationOf } from '../client-metadata.js';

/** The reason of an interaction that the application is a native one. */
export const NATIVE_CLIENT_PROMPT = 'native_client_prompt';

/**
 * Whether a response goes to an address that any program on the user's machine can receive: a port of the loopback
 * interface or a private-use scheme (RFC 8252 §8.6). The identity of a public application is then not assured, and so
 * its user is asked each time. An https address identifies the application by itself (RFC 8252 §7.2), and an
 * application with a secret or a key authenticates.
 */
function isNativeAddress(redirectUri: string, client: Client): boolean {
  if (/^https:/i.test(redirectUri)) return false;
  // Servers use loopback addresses too; a program with a private-use scheme cannot keep a secret.
  return applicationOf(client).isPublic || !/^http:/i.test(redirectUri);
}

/**
 * Whether an application that is the URL of its metadata document is answered outside of that URL's host: then nothing
 * but the document, which may have changed since the user allowed it, says that the address is its own.
 */
function isElsewhere(redirectUri: string, client: Client): boolean {
  const { documentHost, skipAuthorization } = applicationOf(client);
  if (documentHost === undefined || skipAuthorization || !URL.canParse(redirectUri)) return false;
  const { host } = new URL(redirectUri);
  return host !== documentHost && !host.endsWith(`.${documentHost}`);
}

/** Whether the user is asked whatever was allowed before, since the address of the answer does not say whose it is. */
export function isAskedEachTime({ oidc }: KoaContextWithOIDC): boolean {
  const { client, deviceCode } = oidc;
  // Devices confirm a code instead of a redirect.
  if (client === undefined || deviceCode !== undefined) return false;
  const redirectUri = oidc.params?.redirect_uri;
  if (typeof redirectUri !== 'string') return false;
  return isNativeAddress(redirectUri, client) || isElsewhere(redirectUri, client);
}
