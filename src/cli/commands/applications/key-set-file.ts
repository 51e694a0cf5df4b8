import { readFileSync } from 'node:fs';
import type { PublicKeySet } from '../../../storage/index.js';
import { usage } from '../../cli-context.js';

/** Reads a JWK Set (RFC 7517 §5) from a file. The storage checks its content. */
export function keySetOf(path: string): PublicKeySet {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'an error' } = error as NodeJS.ErrnoException;
    throw usage(`--jwks: the file cannot be read (${code}); give the path of a JSON file with { "keys": [...] }.`);
  }
  try {
    return JSON.parse(text) as PublicKeySet;
  } catch {
    throw usage('--jwks: the file is not JSON; give the path of a JSON file with { "keys": [...] }.');
  }
}
