import { createRequire } from 'node:module';
import { ConfigurationError } from '../../../core/errors.js';

/** The only place where jose is loaded, and only if JWTs are verified: it is an optional package. */
export function loadJose(): Promise<typeof import('jose')> {
  return import('jose');
}

/**
 * @param path the option that needs it
 * @throws ConfigurationError naming option and package, if jose is not installed
 */
export function requireJose(path: string): void {
  try {
    createRequire(import.meta.url).resolve('jose');
  } catch {
    throw new ConfigurationError(`${path} needs the package jose: npm install jose.`, { option: path });
  }
}
