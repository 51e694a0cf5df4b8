import { createRequire } from 'node:module';
import { ConfigurationError } from '../core/errors.js';

let jose: Promise<typeof import('jose')> | undefined;

/** The only place where jose is loaded, and only when it is first needed: it is an optional package. */
export function loadJose(): Promise<typeof import('jose')> {
  jose ??= import('jose');
  return jose;
}

/**
 * @param path the option that needs it
 * @throws ConfigurationError naming option and package, if jose is not installed
 */
export function requireJose(path: string): void {
  if (isJoseInstalled()) return;
  throw new ConfigurationError(`${path} needs the package jose: npm install jose.`, { option: path });
}

export function isJoseInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve('jose');
    return true;
  } catch {
    return false;
  }
}
