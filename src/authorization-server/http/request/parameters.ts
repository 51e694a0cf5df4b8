import { BadRequest } from './bad-request.js';

/** The parameters of a request, in their order; a name can occur more than once. */
export type Parameters = readonly (readonly [name: string, value: string])[];

/** Longer values have no use; a signed assertion with its certificates is shorter. */
const MAXIMUM_VALUE_LENGTH = 8_192;
const MAXIMUM_NAME_LENGTH = 256;
const MAXIMUM_COUNT = 100;

/** RFC 8707 §2 allows this one to be repeated. */
const REPEATABLE = new Set(['resource']);

/**
 * Parses `application/x-www-form-urlencoded` text (RFC 6749 appendix B). Stricter than common parsers: what they would
 * repair or drop is refused.
 *
 * @throws BadRequest
 */
export function readParameters(text: string): Parameters {
  const parameters: [string, string][] = [];
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    if (name.length > MAXIMUM_NAME_LENGTH || value.length > MAXIMUM_VALUE_LENGTH) {
      throw new BadRequest('a parameter is too long');
    }
    if (name.includes('\0') || value.includes('\0')) throw new BadRequest('a parameter holds a NUL character');
    if (name.includes('[')) throw new BadRequest('parameters are texts, neither arrays nor objects');
    parameters.push([name, value]);
    if (parameters.length > MAXIMUM_COUNT) throw new BadRequest('there are too many parameters');
  }
  return parameters;
}

/**
 * RFC 6749 §3.2: "Request and response parameters MUST NOT be included more than once."
 *
 * @throws BadRequest
 */
export function refuseRepeated(parameters: Parameters): void {
  if (parameters.length < 2) return;
  const seen = new Set<string>();
  for (const [name] of parameters) {
    if (seen.has(name) && !REPEATABLE.has(name)) throw new BadRequest('a parameter must not be provided twice');
    seen.add(name);
  }
}

/** The value of a parameter; `undefined` if it is missing or empty (RFC 6749 §3.2). */
export function parameter(parameters: Parameters, name: string): string | undefined {
  for (const pair of parameters) {
    if (pair[0] === name) return pair[1] === '' ? undefined : pair[1];
  }
  return undefined;
}

function decode(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new BadRequest('a parameter is not encoded as application/x-www-form-urlencoded in UTF-8');
  }
}
