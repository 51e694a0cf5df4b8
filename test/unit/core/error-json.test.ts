import { expect, test } from '@jest/globals';
import { AccessDeniedError, InvalidTokenError } from '../../../src/core/errors.js';

// In a file of its own, so that nothing is kept before it.
test('equal errors share their JSON, of which a thousand are kept', () => {
  expect(new InvalidTokenError('A.').toJSON()).toBe(new InvalidTokenError('A.').toJSON());
  expect(new InvalidTokenError('A.').toJSON()).not.toBe(new InvalidTokenError('B.').toJSON());
  expect(new AccessDeniedError('A.').toJSON()).toEqual({ error: 'access_denied', error_description: 'A.' });
  const jsonOf = (text: string) => new InvalidTokenError(text).toJSON();
  const isKept = (text: string) => Object.is(jsonOf(text), jsonOf(text));
  const kept = Array.from({ length: 1_100 }, (_, index) => isKept(`text ${index}`)).filter(Boolean);
  // Three others are kept already.
  expect(kept.length).toBe(997);
  expect(isKept('one more')).toBe(false);
  expect(isKept('A.')).toBe(true);
});
