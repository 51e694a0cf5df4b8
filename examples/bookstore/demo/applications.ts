import { createHash, hkdfSync } from 'node:crypto';
import type { OAuth2 } from 'routing-controllers-oauth2';
import type { NewApplication } from 'routing-controllers-oauth2/storage';

/** The applications that the demo uses. Each is registered once per database. */
export const SERVICE_ID = 'bookstore-demo';
export const READER_ID = 'bookstore-reader';

export const CALLBACK_PATH = '/demo/callback';

/** The hosts of this machine; at each, a public application may use any port (RFC 8252 §7.3). */
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** A program that acts on its own behalf. */
export interface Service {
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * Registers the program that acts on its own behalf. Its secret is derived from the encryption key, so that every
 * process of a bookstore prints the same one and none has to store it.
 */
export async function registerService(oauth2: OAuth2, encryptionKey: string): Promise<Service> {
  const application = await registered(oauth2, {
    name: 'Bookstore demo',
    clientId: SERVICE_ID,
    grantTypes: ['client_credentials'],
  });
  const key = Buffer.from(encryptionKey, 'base64url');
  const clientSecret = Buffer.from(hkdfSync('sha256', key, '', SERVICE_ID, 32)).toString('base64url');
  if (!(await application.checkSecret(clientSecret))) {
    const clientSecretHash = createHash('sha256').update(clientSecret).digest();
    await application.$query().patch({ clientSecretHash, clientSecretImported: null });
  }
  return { clientId: SERVICE_ID, clientSecret };
}

/** Registers the application to which people grant access, and which devices use: it has no secret, but uses PKCE. */
export async function registerReader(oauth2: OAuth2, issuer: string): Promise<void> {
  const redirectUris = LOOPBACK.map((host) => `http://${host}${CALLBACK_PATH}`);
  const application = await registered(oauth2, {
    name: 'Bookstore reader',
    clientId: READER_ID,
    clientType: 'public',
    grantTypes: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    redirectUris,
  });
  if (LOOPBACK.includes(new URL(issuer).hostname)) return;
  const known = application.redirectUris.split(' ');
  const own = `${issuer}${CALLBACK_PATH}`;
  if (!known.includes(own)) await oauth2.applications.update(READER_ID, { redirectUris: [...known, own] });
}

async function registered({ applications }: OAuth2, wanted: NewApplication & { readonly clientId: string }) {
  const known = await applications.findByClientId(wanted.clientId);
  if (known !== undefined) return known;
  try {
    return (await applications.create(wanted)).application;
  } catch (error) {
    // Another process may have been faster.
    const other = await applications.findByClientId(wanted.clientId);
    if (other === undefined) throw error;
    return other;
  }
}
