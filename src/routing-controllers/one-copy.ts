import { createRequire } from 'node:module';
import { getMetadataArgsStorage, MetadataArgsStorage } from 'routing-controllers';
import { ConfigurationError } from '../core/errors.js';

const MAIN_FILE = /(?<=[\\/]routing-controllers)[\\/](?:cjs|esm5|esm2015)[\\/]index\.js$/;

/**
 * Refuses to serve while two copies of routing-controllers are loaded. They share the list of decorators, but an error of the
 * one, such as `NotFoundError`, is no `HttpError` for the other, and would be answered with 500.
 *
 * @throws ConfigurationError that names both, and how to have one
 */
export function refuseTwoCopies(): void {
  const loaded = Object.keys(createRequire(import.meta.url).cache ?? {}).filter((file) => MAIN_FILE.test(file));
  // Where modules are not in that list, as in a bundle: the list of decorators belongs to the copy that was loaded first.
  if (loaded.length < 2 && getMetadataArgsStorage() instanceof MetadataArgsStorage) return;
  const where = loaded.length < 2 ? '' : ` (${loaded.map((file) => file.replace(MAIN_FILE, '')).join(' and ')})`;
  throw new ConfigurationError(
    `Two copies of routing-controllers are loaded${where}, and errors of one are unknown to the other. Install one version for all: npm ls routing-controllers shows who brings them, npm dedupe or "overrides" in package.json leaves one.`,
  );
}
