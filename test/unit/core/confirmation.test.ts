import { describe, expect, test } from '@jest/globals';
import { confirmation, isThumbprint, readConfirmation } from '../../../src/core/confirmation.js';

const KEY = 'k'.repeat(43);
const CERTIFICATE = 'c'.repeat(43);

describe('what the holder of a token must prove', () => {
  test('nothing, where there is no cnf', () => {
    expect(readConfirmation(undefined)).toBeUndefined();
    expect(readConfirmation(null)).toBeUndefined();
    expect(confirmation(undefined, undefined)).toBeUndefined();
  });

  test.each([
    [{ jkt: KEY }, { jkt: KEY }],
    [{ 'x5t#S256': CERTIFICATE }, { x5tS256: CERTIFICATE }],
    [
      { jkt: KEY, 'x5t#S256': CERTIFICATE },
      { jkt: KEY, x5tS256: CERTIFICATE },
    ],
  ])('the binding %j is read, and cannot be changed', (cnf, expected) => {
    const read = readConfirmation(cnf);
    expect(read).toStrictEqual(expected);
    expect(Object.isFrozen(read)).toBe(true);
  });

  test.each([
    {},
    [],
    [KEY],
    'jkt',
    5,
    { jkt: KEY, kid: '1' },
    { kid: '1' },
    { jkt: 'short' },
    { jkt: KEY, 'x5t#S256': 5 },
    { jkt: [KEY] },
  ])('%j cannot be checked, so the token is unreadable', (cnf) => {
    expect(readConfirmation(cnf)).toBe('unreadable');
  });

  test('a thumbprint is a string of 43 characters of base64url, and no list of one', () => {
    expect(isThumbprint(KEY)).toBe(true);
    for (const other of [`${KEY}k`, KEY.slice(1), `${KEY.slice(1)}=`, [KEY], undefined]) {
      expect(isThumbprint(other)).toBe(false);
    }
  });
});
