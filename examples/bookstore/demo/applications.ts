import { createHash, hkdfSync } from 'node:crypto';
import type { OAuth2 } from 'routing-controllers-oauth2';
import type { NewApplication } from 'routing-controllers-oauth2/storage';

/** The applications that the demo uses. Each is registered once per database. */
export const SERVICE_ID = 'bookstore-demo';
export const READER_ID = 'bookstore-reader';
export const DOCS_ID = 'bookstore-docs';

export const CALLBACK_PATH = '/demo/callback';
export const DOCS_PATH = '/docs';

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
  const reader = {
    name: 'Bookstore reader',
    clientId: READER_ID,
    grantTypes: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  } as const;
  await registerPublic(oauth2, issuer, CALLBACK_PATH, reader);
}

/** Registers the page about the interface, on which people sign in to try operations. */
export async function registerDocs(oauth2: OAuth2, issuer: string): Promise<void> {
  const docs = { name: 'Bookstore documentation', clientId: DOCS_ID, grantTypes: ['authorization_code'] } as const;
  await registerPublic(oauth2, issuer, `${DOCS_PATH}/oauth2-redirect.html`, docs);
}

/** Registers an application without a secret that is part of the bookstore, on this machine and at its public address. */
async function registerPublic(
  oauth2: OAuth2,
  issuer: string,
  callbackPath: string,
  wanted: Pick<NewApplication, 'name' | 'grantTypes'> & { readonly clientId: string },
): Promise<void> {
  const redirectUris = LOOPBACK.map((host) => `http://${host}${callbackPath}`);
  const application = await registered(oauth2, { ...wanted, clientType: 'public', redirectUris });
  if (LOOPBACK.includes(new URL(issuer).hostname)) return;
  const known = application.redirectUris.split(' ');
  const own = `${issuer}${callbackPath}`;
  if (!known.includes(own)) await oauth2.applications.update(wanted.clientId, { redirectUris: [...known, own] });
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
