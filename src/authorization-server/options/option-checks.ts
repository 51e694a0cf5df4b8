import {
  flagOption,
  functionOption,
  listOption,
  optionPath,
  refuseOption,
  wholeNumberOption,
} from '../../core/options/index.js';
import { redirectUriSchemeProblem } from '../../core/redirect-uri.js';
import { scopeNameOption } from '../../core/scopes.js';

/** The path of an option of `authorizationServer`. */
export function pathOf(name: string): string {
  return optionPath('authorizationServer', name);
}

/** A hundred years: more than anybody needs, and small enough for exact milliseconds. */
const MAXIMUM_SECONDS = 3_162_240_000;

/** A whole number of seconds. */
export function seconds(name: string, value: unknown, fallback: number, least = 1): number {
  if (value === undefined) return fallback;
  const fix = `give a whole number of seconds, at least ${least}`;
  return wholeNumberOption(pathOf(name), value, { least, most: MAXIMUM_SECONDS }, fix);
}

export function flag(name: string, value: unknown, fallback: boolean): boolean {
  return value === undefined ? fallback : flagOption(pathOf(name), value);
}

export function optionalFunction(name: string, value: unknown): void {
  if (value !== undefined) functionOption(pathOf(name), value);
}

/** A list of scope names, without duplicates. */
export function readScopes(path: string, scopes: unknown): readonly string[] {
  const list = listOption(path, scopes, "give a list of scope names, e.g. ['read']");
  list.forEach((scope, index) => {
    scopeNameOption(optionPath(path, index), scope);
  });
  return Object.freeze([...new Set(list as readonly string[])]);
}

export function readSchemes(schemes: unknown): readonly string[] {
  const path = pathOf('redirectUriSchemes');
  const list = listOption(path, schemes, "give a list of schemes, e.g. ['myapp']");
  list.forEach((scheme, index) => {
    const problem = redirectUriSchemeProblem(scheme);
    if (problem !== undefined) refuseOption(optionPath(path, index), scheme, problem);
  });
  return Object.freeze([...new Set(list as readonly string[])]);
}
