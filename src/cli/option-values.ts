import { InvalidArgumentError } from 'commander';
import { describeName, describeValue } from '../core/options/index.js';
import { originProblem } from '../core/origin.js';
import { redirectUriSchemeProblem } from '../core/redirect-uri.js';
import { isScopeName, parseScope } from '../core/scopes.js';

/** RFC 8628 §3.4. */
const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** The grant types that an application can have: the registered names, and an abbreviation of the long one. */
const GRANT_TYPES: ReadonlyMap<string, string> = new Map([
  ['client_credentials', 'client_credentials'],
  ['authorization_code', 'authorization_code'],
  ['refresh_token', 'refresh_token'],
  [DEVICE_CODE_GRANT, DEVICE_CODE_GRANT],
  ['device_code', DEVICE_CODE_GRANT],
]);

/** The length of the columns for names and ids. */
const MAXIMUM_LENGTH = 255;

/** Parses a name: printable text that fits into its column. */
export function shortText(value: string): string {
  return exactText(value.trim());
}

/** Takes an id of a user or an existing application exactly as it is; spaces are part of it. */
export function exactText(value: string): string {
  if (value === '' || value.length > MAXIMUM_LENGTH || hasControlCharacters(value)) {
    throw new InvalidArgumentError(`Give 1 to ${MAXIMUM_LENGTH} characters without control characters.`);
  }
  return value;
}

/** Parses a client identifier (RFC 6749 appendix A.1), without spaces, which do not survive shells and lists. */
export function clientId(value: string): string {
  if (!/^[\x21-\x7e]{1,255}$/.test(value)) {
    throw new InvalidArgumentError(`Give 1 to ${MAXIMUM_LENGTH} printable ASCII characters without space.`);
  }
  return value;
}

/** Parses grant types, separated by commas or spaces. */
export function grantTypes(value: string): string[] {
  const names = value.split(/[\s,]+/).filter((name) => name !== '');
  const read = names.map((name) => GRANT_TYPES.get(name));
  const unknown = names.filter((_, index) => read[index] === undefined);
  if (names.length === 0 || unknown.length > 0) {
    const allowed = [...GRANT_TYPES.keys()];
    const not = unknown.map((name) => describeName(name)).join(', ');
    const what = unknown.length === 0 ? 'It names no grant type.' : `Not a grant type: ${not}.`;
    throw new InvalidArgumentError(`${what} Allowed are ${allowed.join(', ')}.`);
  }
  return [...new Set(read as string[])];
}

/** Parses at least one scope name, separated by spaces. */
export function someScopes(value: string): string[] {
  const names = scopes(value);
  if (names.length === 0) {
    throw new InvalidArgumentError('Give scope names separated by spaces, or omit the option to allow all scopes.');
  }
  return names;
}

/** Parses scope names (RFC 6749 §3.3) separated by spaces, or none. */
export function scopes(value: string): string[] {
  const names = parseScope(value);
  for (const name of names) {
    if (!isScopeName(name)) {
      throw new InvalidArgumentError(
        `${describeValue(name)} is not a scope name (RFC 6749 §3.3: printable ASCII without space, quote and backslash).`,
      );
    }
    // The grammar allows a comma in a scope name, but here it is most likely meant as a separator.
    if (name.includes(',')) throw new InvalidArgumentError('Separate scopes by spaces, not by commas.');
  }
  return names;
}

/**
 * Parses redirect URIs, separated by spaces. Whether they are allowed depends on other options: the type of the
 * application, and the allowed schemes.
 */
export function redirectUris(value: string): string[] {
  const uris = value.split(/\s+/).filter((uri) => uri !== '');
  if (uris.length === 0) throw new InvalidArgumentError('Give absolute URIs separated by spaces.');
  return [...new Set(uris)];
}

/** Parses an algorithm of ID tokens. */
export function idTokenAlgorithm(value: string): 'RS256' | 'ES256' {
  if (value !== 'RS256' && value !== 'ES256') throw new InvalidArgumentError('Give RS256 or ES256.');
  return value;
}

/** Parses private-use schemes, separated by spaces or commas. */
export function redirectSchemes(value: string): string[] {
  const schemes = value.split(/[\s,]+/).filter((scheme) => scheme !== '');
  if (schemes.length === 0) throw new InvalidArgumentError('Give schemes separated by spaces, e.g. "cursor myapp".');
  for (const scheme of schemes) {
    const problem = redirectUriSchemeProblem(scheme);
    if (problem !== undefined) throw new InvalidArgumentError(`${describeName(scheme)} is not allowed: ${problem}.`);
  }
  return [...new Set(schemes)];
}

/** Parses origins of pages, separated by spaces. */
export function origins(value: string): string[] {
  const read = value.split(/\s+/).filter((origin) => origin !== '');
  if (read.length === 0) throw new InvalidArgumentError('Give origins separated by spaces.');
  read.forEach((origin, index) => {
    const problem = originProblem(origin);
    if (problem !== undefined) throw new InvalidArgumentError(`Origin ${index + 1}: ${problem}.`);
  });
  return [...new Set(read)];
}

function hasControlCharacters(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
