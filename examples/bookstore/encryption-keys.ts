import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigurationError } from 'routing-controllers-oauth2';
import type { Settings } from './settings.js';

/** The keys with which the authorization server encrypts stored data. */
export interface EncryptionKeys {
  /** The newest first. */
  readonly keys: readonly string[];
  /** The file with the key, if it was generated here. */
  readonly file?: string;
}

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/;

/**
 * The keys of the environment. Without them, a database file has a key of its own beside it, generated once.
 *
 * @throws ConfigurationError for a database server: its processes share encrypted data, so they need the same keys
 */
export async function encryptionKeys({ encryptionKeys: keys, databaseUrl }: Settings): Promise<EncryptionKeys> {
  if (keys !== undefined) return { keys };
  const scheme = SCHEME.exec(databaseUrl)?.[1]?.toLowerCase() ?? 'file';
  if (scheme !== 'file' && scheme !== 'sqlite') {
    throw new ConfigurationError(
      'OAUTH2_ENCRYPTION_KEYS is needed with a database server, the same for every process; ' +
        `make one with: node -p "crypto.randomBytes(32).toString('base64url')"`,
    );
  }
  const database = fileOf(databaseUrl);
  // A database in memory ends with this process, and its key with it.
  if (database === ':memory:') return { keys: [newKey()] };
  const file = `${database}.key`;
  return { keys: [(await keptKey(file)) ?? (await makeKey(file))], file };
}

function newKey(): string {
  return randomBytes(32).toString('base64url');
}

function fileOf(databaseUrl: string): string {
  if (databaseUrl.startsWith('file://')) return fileURLToPath(databaseUrl);
  return databaseUrl.replace(/^(sqlite|file):(\/\/)?/i, '');
}

async function keptKey(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Stores a new key in a file that only its owner can read. Of processes that start at once, one generates it. */
async function makeKey(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  const key = newKey();
  try {
    await writeFile(mine, `${key}\n`, { mode: 0o600, flag: 'wx', flush: true });
    // Unlike a rename, a link does not replace an existing file, and it is complete from the start.
    await link(mine, file);
    return key;
  } catch (error) {
    const other = await keptKey(file);
    if (other === undefined) throw error;
    return other;
  } finally {
    await rm(mine, { force: true });
  }
}
