import { jest, test } from '@jest/globals';
import fc from 'fast-check';
import { type ChallengeParameters, challenge } from '../../../src/core/challenge.js';
import { forInputs, TIMEOUT_MILLISECONDS } from '../../support/bad-input/runs.js';
import { hostile, nearly } from '../../support/bad-input/texts.js';

jest.setTimeout(TIMEOUT_MILLISECONDS);

/** Each parameter as the challenge names it, in the order in which they are written. */
const NAMES = [
  ['error', 'error'],
  ['errorDescription', 'error_description'],
  ['scope', 'scope'],
  ['acrValues', 'acr_values'],
  ['maxAgeSeconds', 'max_age'],
  ['resourceMetadata', 'resource_metadata'],
  ['algs', 'algs'],
] as const;

const text = nearly(
  fc.constantFrom('invalid_token', 'read write', 'The "token" is \\ invalid.', 'https://api.example/x?y'),
);
const given: fc.Arbitrary<ChallengeParameters> = fc.record(
  {
    error: text,
    errorDescription: text,
    scope: text,
    acrValues: text,
    maxAgeSeconds: fc.nat(),
    resourceMetadata: text,
    algs: text,
    scheme: fc.constantFrom('Bearer', 'DPoP', undefined),
  },
  { requiredKeys: [] },
);

/** Reads a challenge by the grammar of RFC 9110 §11.6.1, without escapes, for there must be none. */
function read(field: string): { readonly scheme: string; readonly parameters: readonly (readonly [string, string])[] } {
  const match = /^([A-Za-z]+) (.*)$/s.exec(field);
  if (match === null) throw new Error(`No challenge: ${JSON.stringify(field)}`);
  const [, scheme = '', rest = ''] = match;
  const parameters: [string, string][] = [];
  const one = /([a-z_]+)="([\x20\x21\x23-\x5b\x5d-\x7e]*)"(, |$)/y;
  while (one.lastIndex < rest.length) {
    const found = one.exec(rest);
    if (found === null) throw new Error(`It is not a list of parameters: ${JSON.stringify(field)}`);
    parameters.push([found[1] as string, found[2] as string]);
    if (found[3] !== '' && one.lastIndex === rest.length) throw new Error(`It ends with a comma: ${field}`);
  }
  return { scheme, parameters };
}

/** What of a text may stand between the quotes (RFC 6750 §3). */
const allowed = (value: unknown) =>
  [...String(value).split('')].map((unit) => (/[\x20\x21\x23-\x5b\x5d-\x7e]/.test(unit) ? unit : '?')).join('');

test('[RS-8] a challenge reads as what it was given, with every other character as a question mark, and as nothing more', () => {
  forInputs(
    fc.property(fc.constantFrom('Bearer', 'DPoP'), hostile, given, (scheme, realm, parameters) => {
      const isOfOther = parameters.scheme !== undefined && parameters.scheme !== scheme;
      const expected = [
        ['realm', allowed(realm)],
        ...NAMES.filter(([name]) => parameters[name] !== undefined && (!isOfOther || name === 'algs')).map(
          ([name, written]) => [written, allowed(parameters[name])],
        ),
      ];
      const field = challenge(scheme, realm, parameters);
      const found = read(field);
      if (found.scheme !== scheme || JSON.stringify(found.parameters) !== JSON.stringify(expected)) {
        throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
      }
    }),
  );
});
