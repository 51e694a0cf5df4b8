import { hash } from 'node:crypto';

/** SHA-256 as the database keeps it. */
export function sha256(token) {
  return hash('sha256', token, 'buffer');
}
