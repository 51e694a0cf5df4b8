import { pbkdf2Sync } from 'node:crypto';

/** A secret as Django's `make_password` stores it; Django itself does more rounds. */
export function djangoHash(secret: string, iterations = 1000): string {
  const hash = pbkdf2Sync(secret, 'seasalt', iterations, 32, 'sha256').toString('base64');
  return `pbkdf2_sha256$${iterations}$seasalt$${hash}`;
}
