import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { VerifiedToken } from '../../../src/core/verified-token.js';
import {
  LONGEST_STORED_TOKEN,
  readStoredToken,
  STORED_TOKEN_VERSION,
  type StoredToken,
  writeStoredToken,
} from '../../../src/resource-server/cache/token-json.js';
import { active, KEY } from '../../support/cache/verifications.js';

const foundAtMilliseconds = 1_700_000_000_123;
const generation = 1_700_000_000_100_000;
const THUMBPRINT = 'a'.repeat(43);
const { token } = active({ audience: ['https://api.example'] });
const foreign = active({
  id: undefined,
  issuer: 'https://issuer.example',
  subject: '5',
  userId: undefined,
  acr: 'urn:example:strong',
  authenticatedAtMilliseconds: 1_699_999_000_000,
  amr: ['pwd', 'otp'],
  confirmation: { jkt: THUMBPRINT, x5tS256: THUMBPRINT },
  claims: { sub: '5', roles: ['reader'], nested: { deep: [1, null, true] } },
}).token;
const stored = (one: VerifiedToken): StoredToken => ({ token: one, foundAtMilliseconds, generation });
const text = writeStoredToken(stored(token)) as string;

const issuerAndKey = { issuer: 'https://issuer.example', key: 'user@https://issuer.example|5' };

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
    expect(readStoredToken(writeStoredToken(stored(bare)) as string, KEY)?.token).toEqual(bare);
  });

  test('[RS-12] of a foreign issuer is read as it was written, with its claims and its binding', () => {
    const read = readStoredToken(writeStoredToken({ ...stored(foreign), keepMilliseconds: 5_000 }) as string, KEY);
    expect(read).toEqual({ ...stored(foreign), keepMilliseconds: 5_000 });
    expect(read?.token.principal).toEqual({ kind: 'user', id: '5', ...issuerAndKey });
    const { deep } = (read as StoredToken).token.claims.nested as { deep: unknown[] };
    expect(Object.isFrozen(deep)).toBe(true);
  });

  test('of the database and of a foreign issuer have the same hidden class, read or made', () => {
    const names = Object.keys(token);
    for (const one of [foreign, readStoredToken(text, KEY)?.token]) expect(Object.keys(one ?? {})).toEqual(names);
    expect(Object.getPrototypeOf(readStoredToken(text, KEY)?.token)).toBe(Object.getPrototypeOf(token));
  });

  test('that is too long, or nested too deeply to be written, is not shared', () => {
    const filler = (length: number) => active({ claims: { filler: 'x'.repeat(length) } }).token;
    const rest = (writeStoredToken(stored(filler(0))) as string).length;
    expect(writeStoredToken(stored(filler(LONGEST_STORED_TOKEN - rest)))).toHaveLength(LONGEST_STORED_TOKEN);
    expect(writeStoredToken(stored(filler(LONGEST_STORED_TOKEN - rest + 1)))).toBeUndefined();
    let deep: object = {};
    for (let level = 0; level < 100_000; level += 1) deep = { deep };
    expect(writeStoredToken(stored(active({ claims: { deep } }).token))).toBeUndefined();
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
  const foreignValue = JSON.parse(writeStoredToken(stored(foreign)) as string) as typeof value;

  test.each<[string, object]>([
    ['version', { version: STORED_TOKEN_VERSION - 1 }],
    ['version', { version: String(STORED_TOKEN_VERSION) }],
    ['keepMilliseconds', { keepMilliseconds: '1' }],
    ['generation', { generation: undefined }],
    ['generation', { generation: '1' }],
    ['foundAtMilliseconds', { foundAtMilliseconds: '1' }],
    ['foundAtMilliseconds', { foundAtMilliseconds: null }],
    ['token', { token: null }],
    ['token', { token: [] }],
    ...Object.keys(value.token).map((name): [string, object] => [name, { token: { ...value.token, [name]: {} } }]),
    ...Object.keys(foreignValue.token).map((name): [string, object] => [
      name,
      { token: { ...foreignValue.token, [name]: name === 'claims' ? [] : {} } },
    ]),
    ['issuer', { token: { ...foreignValue.token, issuer: undefined } }],
    ['confirmation', { token: { ...foreignValue.token, confirmation: null } }],
    ['confirmation', { token: { ...foreignValue.token, confirmation: { jkt: 'x' } } }],
    ['confirmation', { token: { ...foreignValue.token, confirmation: { other: THUMBPRINT } } }],
    ['amr', { token: { ...foreignValue.token, amr: 'pwd' } }],
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
