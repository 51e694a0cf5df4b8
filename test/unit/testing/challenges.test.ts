import { expect, test } from '@jest/globals';
import { challenge } from '../../../src/core/challenge.js';
import { readChallenges } from '../../../src/testing/challenges.js';

test('challenges are read as they are written (RFC 9110 §11.6.1): several schemes, quoted and bare values', () => {
  const field = `${challenge('Bearer', 'api', { error: 'invalid_token', errorDescription: 'Gone, for good.' })}, ${challenge('DPoP', 'api', { algs: 'ES256 PS256' })}`;
  expect(readChallenges(field)).toEqual([
    { scheme: 'Bearer', parameters: { realm: 'api', error: 'invalid_token', error_description: 'Gone, for good.' } },
    { scheme: 'DPoP', parameters: { realm: 'api', algs: 'ES256 PS256' } },
  ]);
  expect(readChallenges('Negotiate, Basic Realm = "a \\"b\\"", charset=UTF-8')).toEqual([
    { scheme: 'Negotiate', parameters: {} },
    { scheme: 'Basic', parameters: { realm: 'a "b"', charset: 'UTF-8' } },
  ]);
  expect(readChallenges('')).toEqual([]);
});

test('what is no challenge is told from none', () => {
  for (const field of ['realm="api"', 'Bearer realm="api', '"', 'Bearer, ;'])
    expect(readChallenges(field)).toBe(undefined);
});
