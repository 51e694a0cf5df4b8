import { randomBytes } from 'node:crypto';
import { createBookstore } from './bookstore.js';
import { controllers } from './controllers/index.js';
import { readSettings } from './settings.js';

/**
 * The application that `rc-oauth2 routes` describes: the bookstore of this environment, without listening. It stores
 * nothing, so any key will do.
 */
export const { oauth2 } = createBookstore(readSettings(process.env), {
  issuer: 'http://localhost',
  url: 'http://localhost',
  encryptionKeys: [randomBytes(32).toString('base64url')],
});

export { controllers };
