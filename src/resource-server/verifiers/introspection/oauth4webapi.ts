import { createRequire } from 'node:module';
import { ConfigurationError } from '../../../core/errors.js';

/** The only place where oauth4webapi is loaded, and only if tokens are introspected: it is an optional package. */
export function loadOAuth(): Promise<typeof import('oauth4webapi')> {
  return import('oauth4webapi');
}

/**
 * @param path the option that needs it
 * @throws ConfigurationError naming option and package, if oauth4webapi is not installed
 */
export function requireOAuth(path: string): void {
  try {
    createRequire(import.meta.url).resolve('oauth4webapi');
  } catch {
    throw new ConfigurationError(`${path} needs the package oauth4webapi: npm install oauth4webapi.`, { option: path });
  }
}
