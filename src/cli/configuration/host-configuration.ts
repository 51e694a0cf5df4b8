import type { OAuth2Options } from '../../options.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { ConfigurationFile } from './find-configuration.js';
import { type Exports, importModule } from './import-module.js';

/** The options of the servers, as their configuration gives them. */
export interface HostConfiguration {
  /** Names the file in errors. */
  readonly what: string;
  readonly options: Partial<OAuth2Options>;
}

/** What `createOAuth2` returned. */
interface Instance {
  /** Other versions may have none. */
  readonly parts?: { readonly options?: OAuth2Options };
  close(): Promise<void>;
}

const SHAPE =
  'export the options of createOAuth2, what it returned, or a function that answers with either (or a promise of it), as the default export, `options` or `oauth2`';

/**
 * Loads the options of the servers from a module of the application.
 *
 * @throws CliError if the module cannot be loaded, or exports something else
 */
export async function loadConfiguration({ path, what }: ConfigurationFile): Promise<HostConfiguration> {
  const exported = exportedBy(await importModule(path, what));
  return { what, options: await optionsOf(exported, what) };
}

/** The first that there is. CommonJS puts all names into the default export. */
function exportedBy({ default: main, options, oauth2 }: Exports): unknown {
  const inner = (typeof main === 'object' && main !== null && !isInstance(main) ? main : {}) as Exports;
  const isNamespace = !('database' in inner) && ('default' in inner || 'options' in inner || 'oauth2' in inner);
  if (isNamespace) return inner.default ?? inner.options ?? inner.oauth2;
  return main ?? options ?? oauth2;
}

async function optionsOf(exported: unknown, what: string): Promise<Partial<OAuth2Options>> {
  const value = await answerOf(exported, what);
  if (isInstance(value)) {
    await value.close();
    if (value.parts?.options !== undefined) return value.parts.options;
    throw refused(
      what,
      'is of another version of routing-controllers-oauth2 than this command; run the command of that',
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Partial<OAuth2Options>;
  throw refused(what, `exports ${value === undefined ? 'no options' : 'something else than options'}; ${SHAPE}`);
}

async function answerOf(exported: unknown, what: string): Promise<unknown> {
  try {
    return await (typeof exported === 'function' ? (exported as () => unknown)() : exported);
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw new CliError(EXIT_CODES.refused, 'app_module_failed', `${what}: its function failed with ${reason}`, {
      cause: error,
    });
  }
}

function isInstance(value: unknown): value is Instance {
  const { close, describe } = (value ?? {}) as Partial<Record<'close' | 'describe', unknown>>;
  return typeof close === 'function' && typeof describe === 'function';
}

function refused(what: string, problem: string): CliError {
  return new CliError(EXIT_CODES.usage, 'usage_error', `${what}: it ${problem}.`);
}
