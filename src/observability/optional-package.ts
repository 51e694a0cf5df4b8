import { createRequire } from 'node:module';
import { ConfigurationError } from '../core/errors.js';

/**
 * Loads an optional package that a part of this package works with.
 *
 * @param part the function that needs it, for the message
 * @throws ConfigurationError naming both, if the package is not installed
 */
export function optionalPackage<Module>(name: string, part: string): Module {
  const require = createRequire(import.meta.url);
  try {
    require.resolve(name);
  } catch {
    throw new ConfigurationError(`${part} needs the package ${name}: npm install ${name}.`);
  }
  return require(name) as Module;
}
