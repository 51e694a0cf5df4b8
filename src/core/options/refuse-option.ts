import { ConfigurationError } from '../errors.js';
import { describeName, describeValue, MASK, type Shows, withoutValues } from './masking.js';
import { nearest } from './nearest.js';

/**
 * Refuses an option. This is the only way in which an option's value comes into a message, and it never shows a value
 * that could hold a secret: of texts and objects it says the kind alone.
 *
 * @param path the option as the host writes it, e.g. `cache.maxEntries`, `--redis (or REDIS_URL)`
 * @param value what was given
 * @param fix what to write instead, without a full stop
 * @param shows what of the value this option may show
 * @throws ConfigurationError always: `The option <path> cannot be <value>: <fix>.`
 */
export function refuseOption(path: string, value: unknown, fix: string, shows?: Shows): never {
  throw new ConfigurationError(`${subject(path)} cannot be ${describeValue(value, shows)}: ${fix}.`, {
    option: path,
    fix,
  });
}

/**
 * Refuses an option for what something else said of it (a driver, a parser). The reason may repeat the value, and is
 * freed of it; for the same reason it is not kept as the `cause`.
 */
export function refuseForReason(path: string, value: unknown, reason: unknown, fix: string): never {
  refuseOption(path, value, `${reasonWithout(reason, value)}; ${fix}`);
}

/** What an error says, in one line and without any text that the values hold. */
export function reasonWithout(error: unknown, ...values: readonly unknown[]): string {
  const { message, code } = (error ?? {}) as { readonly message?: unknown; readonly code?: unknown };
  const said = typeof message === 'string' && message !== '' ? message : typeof code === 'string' ? code : 'refused';
  return withoutValues(said.replace(/\s+/g, ' ').replace(/\.$/, ''), ...values);
}

/**
 * Refuses an option that nobody knows, and names the one that was most likely meant.
 *
 * @param parent the option that holds it, `''` at the top
 */
export function refuseUnknown(parent: string, name: string, known: readonly string[]): never {
  const meant = nearest(name, known);
  const written = describeName(name, known);
  // What is near to no option may be a secret at the wrong side of a colon, or a word of the host's.
  const shown = written === MASK ? describeName(name) : written;
  const question = meant === undefined ? '' : `did you mean ${optionPath(parent, meant)}? `;
  const list = `known are ${known.join(', ')}`;
  const path = optionPath(parent, shown);
  throw new ConfigurationError(`${subject(path)} cannot be set: there is no such option; ${question}${list}.`, {
    option: path,
  });
}

/** The path of an option within another, with names of the host's own shown only as far as they may be. */
export function optionPath(parent: string, name: string | number): string {
  if (typeof name === 'number') return `${parent}[${name}]`;
  return parent === '' ? name : `${parent}.${name}`;
}

/** The same for a key that the host chose (a policy, a scope, a resource). */
export function hostPath(parent: string, key: string): string {
  const shown = describeName(key);
  return /^\w+$/.test(shown) || shown === MASK ? optionPath(parent, shown) : `${parent}[${JSON.stringify(shown)}]`;
}

/** A variable is written in capitals, an option begins with a small letter or a hyphen; else the path says what it is. */
function subject(path: string): string {
  if (/^[A-Z][A-Z0-9_]+(?:\[\d+\])?$/.test(path)) return `The environment variable ${path}`;
  return /^[a-z*-]/.test(path) ? `The option ${path}` : path;
}
