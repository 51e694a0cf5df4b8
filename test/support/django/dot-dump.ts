import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { type FreshDatabase, freshDatabase } from '../services.js';

const FILE = resolve('test/fixtures/django/dot-3.4.1.mariadb.sql');

/** The secrets of the applications in the dump; the others have none. */
export const DOT_SECRETS = { cc: 's3cret-ü', code: 'x', hs: 'plainsecret', pw: 'y' } as const;

/**
 * A database as Django OAuth Toolkit 3.4.1 itself has made and filled it. Applications: `cc` (client-credentials), `code`
 * (authorization-code, of the user 1), `hs` (openid-hybrid, secret in the clear), `pub` (public), `dev` (public, device
 * code), `pw` (password). Access tokens: `tok-alice`, `tok-cc`, `tok-noapp`, and one of 1,211 characters that has expired. Refresh
 * tokens: `ref-1` and `ref-0` (one family, `ref-0` is revoked), `ref-nofam` (no family, no access token).
 */
export async function dotDump(): Promise<FreshDatabase> {
  const database = await freshDatabase('mariadb');
  const connection = await createConnection({ uri: database.url, multipleStatements: true });
  try {
    await connection.query(await readFile(FILE, 'utf8'));
  } finally {
    await connection.end();
  }
  return database;
}
