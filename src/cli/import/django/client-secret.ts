import { pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { sha256 } from '../../../core/digest.js';
import { isDjangoSecret } from '../../../core/django-secret.js';
import { isGeneratedSecret } from '../../../core/secret-strength.js';
import type { ImportedSecret } from '../../../storage/index.js';

const derive = promisify(pbkdf2);

/** Rounds of PBKDF2 for a secret that was stored in the clear and may have been chosen by a person. */
const ITERATIONS = 600_000;

/** Hashers of Django other than PBKDF2 within the limits, by what their hashes begin with. */
const OTHER_HASHERS = /^(?:pbkdf2_\w+|argon2\w*|bcrypt\w*|scrypt|md5|sha1|unsalted_\w+|crypt)\$/;
/** What a hasher of the project's own writes. */
const ANY_HASHER = /^[a-z][a-z0-9_]{1,31}\$[^$]*\$/;

/** What is stored as the secret of an application. */
export type StoredSecret =
  | { readonly kind: 'missing' }
  /** A hash of a kind that can be checked here. */
  | { readonly kind: 'hash'; readonly hash: string }
  | { readonly kind: 'clear'; readonly secret: string }
  /** A hash that cannot be checked here. */
  | { readonly kind: 'foreign' };

/**
 * Tells what is stored as a secret by its form, as Django does.
 *
 * @param isMarkedHashed whether the application says that its secret is hashed, or does not say
 */
export function storedSecret(stored: string | null | undefined, isMarkedHashed: boolean): StoredSecret {
  if (stored === null || stored === undefined || stored === '') return { kind: 'missing' };
  if (isDjangoSecret(stored)) return { kind: 'hash', hash: stored };
  if (OTHER_HASHERS.test(stored) || (isMarkedHashed && ANY_HASHER.test(stored))) return { kind: 'foreign' };
  return { kind: 'clear', secret: stored };
}

/** The columns of a secret. One in the clear is hashed: slowly, unless it looks generated and cannot be guessed. */
export async function secretColumns(stored: StoredSecret): Promise<ImportedSecret> {
  if (stored.kind === 'hash') return { clientSecretHash: null, clientSecretImported: stored.hash };
  if (stored.kind !== 'clear') return { clientSecretHash: null, clientSecretImported: null };
  const { secret } = stored;
  if (isGeneratedSecret(secret)) return { clientSecretHash: sha256(secret), clientSecretImported: null };
  const salt = randomBytes(16).toString('base64url');
  const hash = await derive(secret, salt, ITERATIONS, 32, 'sha256');
  return {
    clientSecretHash: null,
    clientSecretImported: `pbkdf2_sha256$${ITERATIONS}$${salt}$${hash.toString('base64')}`,
  };
}
