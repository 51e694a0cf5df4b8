import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describePath } from '../../core/options/index.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';

/** The exports of a module. */
export type Exports = Readonly<Record<string, unknown>>;

/** The endings of module file names. */
const MODULE_FILE = /\.[cm]?[jt]sx?$/;
const TYPESCRIPT_FILE = /\.[cm]?tsx?$/;

/** Codes by which Node.js refuses TypeScript: all of it, or what has to be compiled and not only stripped. */
const UNREADABLE_CODES = new Set(['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX']);

const FIX =
  'install tsx beside it (npm install --save-dev tsx), use Node.js 22.18 or newer and no decorators or enums, or give the compiled .js file';

/**
 * Imports a module of the application, ES or CommonJS. TypeScript is loaded by the application's tsx, if it has one, and by
 * Node.js otherwise.
 *
 * @param what names the argument or option in errors
 * @throws CliError if there is no such file, or it cannot be loaded
 */
export async function importModule(path: string, what: string): Promise<Exports> {
  const file = resolve(path);
  const shown = describePath(path, MODULE_FILE);
  // A path with NUL, as package.json may hold, names no file, but asking for it would throw.
  if (file.includes('\0') || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
    const message = `${what}: there is no file ${describePath(file, MODULE_FILE)}; give the path of the module, with its extension.`;
    throw new CliError(EXIT_CODES.usage, 'usage_error', message);
  }
  const isTypeScript = TYPESCRIPT_FILE.test(file);
  const isCompiled = isTypeScript && (await registerCompiler(file));
  try {
    return (await import(pathToFileURL(file).href)) as Exports;
  } catch (error) {
    if (!isCompiled && isUnreadable(error, isTypeScript)) {
      const message = `${what}: Node.js ${process.versions.node} cannot load ${shown} as it is; ${FIX}.`;
      throw new CliError(EXIT_CODES.usage, 'usage_error', message, { cause: error });
    }
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new CliError(EXIT_CODES.refused, 'app_module_failed', `${what}: loading ${shown} failed with ${reason}`, {
      cause: error,
    });
  }
}

/**
 * Registers the tsx that is installed beside the file, so that imports and requires of this process read TypeScript; its
 * main entry does that when it is imported.
 *
 * @returns whether there is one
 */
async function registerCompiler(file: string): Promise<boolean> {
  try {
    await import(pathToFileURL(createRequire(file).resolve('tsx')).href);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return false;
    throw error;
  }
}

/** What is left of a decorator when the types are stripped is no JavaScript. */
function isUnreadable(error: unknown, isTypeScript: boolean): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  return UNREADABLE_CODES.has(code) || (isTypeScript && error instanceof SyntaxError);
}
