import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readStoredToken, writeStoredToken } from '../../../src/resource-server/cache/token-json.js';
import { active, KEY } from '../../support/cache/verifications.js';

const foundAtMilliseconds = 1_700_000_000_123;
const generation = 1_700_000_000_100_000;
const { token } = active({ audience: ['https://api.example'] });
const text = writeStoredToken({ token, foundAtMilliseconds, generation });

describe('a stored token', () => {
  test('is read as it was written', () => {
    expect(readStoredToken(text, KEY)).toEqual({ token, foundAtMilliseconds, generation });
    const bare = active({
      id: undefined,
      clientId: undefined,
      applicationName: undefined,
      userId: undefined,
      scopes: [],
    }).token;
    expect(readStoredToken(writeStoredToken({ token: bare, foundAtMilliseconds, generation }), KEY)?.token).toEqual(
      bare,
    );
  });

  test('is frozen, with its scopes', () => {
    const read = readStoredToken(text, KEY);
    expect(Object.isFrozen(read?.token)).toBe(true);
    expect(Object.isFrozen(read?.token.scopes)).toBe(true);
    expect(read?.token.scopeSet.has('read')).toBe(true);
  });

  test('is read for its own key only', () => {
    expect(readStoredToken(text, `${KEY.slice(0, -1)}A`)).toBeUndefined();
  });

  const value = JSON.parse(text) as { token: Record<string, unknown> };

  test.each<[string, object]>([
    ['version', { version: 1 }],
    ['version', { version: '2' }],
    ['generation', { generation: undefined }],
    ['generation', { generation: '1' }],
    ['foundAtMilliseconds', { foundAtMilliseconds: '1' }],
    ['foundAtMilliseconds', { foundAtMilliseconds: null }],
    ['token', { token: null }],
    ['token', { token: [] }],
    ...Object.keys(value.token).map((name): [string, object] => [name, { token: { ...value.token, [name]: {} } }]),
    ['scopes', { token: { ...value.token, scopes: 'read' } }],
    ['scopes', { token: { ...value.token, scopes: ['read', 1] } }],
    ['scopes', { token: { ...value.token, scopes: undefined } }],
    ['userId', { token: { ...value.token, userId: null } }],
    ['userId', { token: { ...value.token, userId: 5 } }],
    ['expiresAtMilliseconds', { token: { ...value.token, expiresAtMilliseconds: undefined } }],
    ['expiresAtMilliseconds', { token: { ...value.token, expiresAtMilliseconds: '9999999999999' } }],
  ])('with a wrong %s is not read: %j', (_name, change) => {
    expect(readStoredToken(JSON.stringify({ ...value, ...change }), KEY)).toBeUndefined();
  });

  test('is nothing that another program would write', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((json) => `${text}${json}`),
        ),
        (other) => {
          fc.pre(other !== text);
          expect(readStoredToken(other, KEY)).toBeUndefined();
        },
      ),
    );
  });

  test('cut off anywhere is not read', () => {
    for (let length = 0; length < text.length; length += 1) {
      expect(readStoredToken(text.slice(0, length), KEY)).toBeUndefined();
    }
  });
});
