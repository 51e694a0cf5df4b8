import { readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describePath } from '../../core/options/index.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';

/** The file with the options of the servers, and how errors name it. */
export interface ConfigurationFile {
  readonly path: string;
  readonly what: string;
}

/** The key in package.json. */
const KEY = 'rc-oauth2';

/**
 * Finds the file with the options of the servers.
 *
 * @param given the option `--config`; `false` for `--no-config`
 * @returns the file that is given, else the one that the nearest package.json names, else `undefined`
 * @throws CliError if package.json names it wrongly
 */
export function findConfiguration(given: string | false | undefined): ConfigurationFile | undefined {
  if (given === false) return undefined;
  if (given !== undefined) return { path: given, what: '--config' };
  const manifest = nearestManifest(process.cwd());
  if (manifest === undefined) return undefined;
  const { config } = (manifest.content[KEY] ?? {}) as { readonly config?: unknown };
  if (config === undefined) return undefined;
  refuseForeign(manifest.file);
  const what = `${KEY}.config in ${describePath(relative(process.cwd(), manifest.file), /\.json$/)}`;
  if (typeof config !== 'string' || config === '') {
    throw new CliError(EXIT_CODES.usage, 'usage_error', `${what}: give the path of a module, e.g. "./dist/oauth2.js".`);
  }
  return { path: resolve(dirname(manifest.file), config), what };
}

/**
 * What package.json names is run: one that another user of this machine has put above the working directory, as in a
 * folder for temporary files, must not be able to name it.
 *
 * @throws CliError if the file belongs neither to the user who runs the command, nor to the superuser
 */
function refuseForeign(file: string): void {
  const user = process.getuid?.();
  const { uid } = statSync(file);
  if (user === undefined || uid === user || uid === 0) return;
  const what = `${KEY}.config in ${describePath(relative(process.cwd(), file), /\.json$/)}`;
  throw new CliError(
    EXIT_CODES.usage,
    'usage_error',
    `${what}: the file belongs to another user; name the module with --config, or give --no-config.`,
  );
}

/** The package.json of a folder, or of the nearest one above that has one. */
export function nearestManifest(
  folder: string,
): { file: string; content: Readonly<Record<string, unknown>> } | undefined {
  const file = join(folder, 'package.json');
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return { file, content: typeof content === 'object' && content !== null ? { ...content } : {} };
  } catch (error) {
    // What is wrong with another tool's file is not for this command to tell.
    if (error instanceof SyntaxError) return undefined;
    const parent = dirname(folder);
    return parent === folder ? undefined : nearestManifest(parent);
  }
}
