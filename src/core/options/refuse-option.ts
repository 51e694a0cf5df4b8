import { ConfigurationError } from '../errors.js';
import { describeName, describeValue, MASK, type Shows, withoutValues } from './masking.js';
import { suggestion } from './nearest.js';

/**
 * Refuses an option. This is the only function that puts the value of an option into a message. It never shows a value
 * that could be secret: of strings and objects it names only the kind.
 *
 * @param path the option as the host writes it, e.g. `cache.maxEntries`, `--redis (or REDIS_URL)`
 * @param value what was given
 * @param fix what to write instead, without a full stop
 * @param shows what of the value this option may show
 * @throws ConfigurationError always: `The option <path> cannot be <value>: <fix>.`
 */
export function refuseOption(path: string, value: unknown, fix: string, shows?: Shows): never {
  throw new ConfigurationError(refusalText(path, value, fix, shows), { option: path, fix });
}

/** What `refuseOption` says, for errors of other classes. */
export function refusalText(path: string, value: unknown, fix: string, shows?: Shows): string {
  return `${subject(path)} cannot be ${describeValue(value, shows)}: ${fix}.`;
}

/**
 * Refuses an option for a reason given by other code (a driver, a parser). The reason may contain the value, which is
 * removed; therefore the error is not kept as the `cause` either.
 */
export function refuseForReason(path: string, value: unknown, reason: unknown, fix: string): never {
  refuseOption(path, value, `${reasonWithout(reason, value)}; ${fix}`);
}

/** The message of an error in one line, without any string that the values contain. */
export function reasonWithout(error: unknown, ...values: readonly unknown[]): string {
  const { message, code } = (error ?? {}) as { readonly message?: unknown; readonly code?: unknown };
  const said = typeof message === 'string' && message !== '' ? message : typeof code === 'string' ? code : 'refused';
  return withoutValues(said.replace(/\s+/g, ' ').replace(/\.$/, ''), ...values);
}

/**
 * Refuses an unknown option, and names the one that was most likely meant.
 *
 * @param parent the option that contains it, `''` at the top
 */
export function refuseUnknown(parent: string, name: string, known: readonly string[]): never {
  const question = suggestion(name, known, (meant) => optionPath(parent, meant));
  const written = describeName(name, known);
  // A name that resembles no option may be a secret on the wrong side of a colon, or a word of the host's.
  const shown = written === MASK ? describeName(name) : written;
  const hint = `${question === '' ? '' : `${question} `}known are ${known.join(', ')}`;
  const path = optionPath(parent, shown);
  throw new ConfigurationError(`${subject(path)} cannot be set: there is no such option; ${hint}.`, {
    option: path,
  });
}

/** The path of an option inside another one. */
export function optionPath(parent: string, name: string | number): string {
  if (typeof name === 'number') return `${parent}[${name}]`;
  return parent === '' ? name : `${parent}.${name}`;
}

/** The path of a key that the host chose (a policy, a scope, a resource), shown only if it looks like a name. */
export function hostPath(parent: string, key: string): string {
  const shown = describeName(key);
  return /^\w+$/.test(shown) || shown === MASK ? optionPath(parent, shown) : `${parent}[${JSON.stringify(shown)}]`;
}

/**
 * Environment variables are upper-case, options begin with a lower-case letter or a hyphen; any other path describes
 * itself.
 */
function subject(path: string): string {
  if (/^[A-Z][A-Z0-9_]+(?:\[\d+\])?$/.test(path)) return `The environment variable ${path}`;
  return /^[a-z*-]/.test(path) ? `The option ${path}` : path;
}
