import type { Context } from 'koa';
import { functionOption, knownOptions, listOption, optionPath, refuseOption } from '../../core/options/index.js';
import { isScopeName } from '../../core/scopes.js';
import { tellingOutages } from '../../storage/host-outages.js';

/** How strongly users are authenticated (`acr`, OpenID Connect Core §2). */
export interface AcrOptions {
  /** Every authentication context that there is, e.g. `['urn:example:password', 'urn:example:otp']`. */
  readonly values: readonly string[];
  /**
   * Which of them the user has reached who has just signed in, on the login page or at the host; `undefined`: none. A
   * request for one of several (`acr_values`) that is not reached is asked to sign in, and then ends with
   * `unmet_authentication_requirements`.
   */
  of(userId: string, context: Context): string | undefined | PromiseLike<string | undefined>;
}

/** @throws ConfigurationError if a value cannot stand in `acr_values`, or there is no function */
export function readAcr(path: string, given: unknown): AcrOptions | undefined {
  if (given === undefined) return undefined;
  const options = knownOptions<AcrOptions>(path, given, ['values', 'of'], 'give an object { values, of }');
  const values = listOption(optionPath(path, 'values'), options.values, 'give a list of names without spaces');
  if (values.length === 0) refuseOption(optionPath(path, 'values'), values, 'give a list of names without spaces');
  values.forEach((value, index) => {
    if (!isScopeName(value)) {
      refuseOption(optionPath(optionPath(path, 'values'), index), value, 'give a name without spaces');
    }
  });
  functionOption(optionPath(path, 'of'), options.of, 'give a function of the user’s id and the context');
  return { values: [...(values as readonly string[])], of: tellingOutages(`${path}.of`, options.of.bind(given)) };
}

/**
 * The authentication context that a user has reached; `undefined` where none is known.
 *
 * @throws TypeError if the host names one that is not listed
 */
export async function reachedAcr(
  options: AcrOptions | undefined,
  userId: string,
  context: Context,
): Promise<string | undefined> {
  const reached = await options?.of(userId, context);
  if (options === undefined || reached === undefined || options.values.includes(reached)) return reached;
  throw new TypeError('acr.of answered with a value that is not in acr.values.');
}

/**
 * Which authentication contexts a request asks for, of those that there are; `undefined`: it asks for none. An empty list:
 * for none that there is.
 */
export function requestedAcrs(options: AcrOptions | undefined, acrValues: unknown): readonly string[] | undefined {
  if (options === undefined || typeof acrValues !== 'string' || acrValues === '') return undefined;
  return acrValues.split(' ').filter((value) => options.values.includes(value));
}
