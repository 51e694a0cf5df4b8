import { expect, test } from '@jest/globals';
import { DEFAULT_TABLE_NAMES } from '../../../src/storage/index.js';
import { accessTokenRow, ROW_COLUMNS, rowStatement } from '../../../src/storage/token-row.js';

function row(columns: Partial<Record<(typeof ROW_COLUMNS)[number], unknown>>) {
  return accessTokenRow(ROW_COLUMNS.map((column) => columns[column] ?? null));
}

test('numbers that a driver gives as strings or as bigint become numbers', () => {
  expect(
    row({ 't.id': '7', 't.application_id': 3n, 't.expires_at_ms': '1790000000000', 't.revoked_at_ms': '5' }),
  ).toMatchObject({
    id: 7,
    applicationId: 3,
    expiresAtMilliseconds: 1_790_000_000_000,
    revokedAtMilliseconds: 5,
  });
});

test('an audience that is not a list names one audience by itself, and is never "for everyone"', () => {
  const audience = (text: unknown) => row({ 't.audience': text }).audience;
  expect(audience('["a","b"]')).toEqual(['a', 'b']);
  expect(audience('"a"')).toEqual(['a']);
  expect(audience('https://api.example')).toEqual(['https://api.example']);
  expect(audience('[1]')).toEqual(['[1]']);
  expect(audience('{"a":1}')).toEqual(['{"a":1}']);
  expect(audience('null')).toEqual(['null']);
  expect(audience(null)).toBeUndefined();
});

test('an application is disabled from any time on, also the first millisecond of all', () => {
  expect([row({ 'a.disabled_at_ms': 0 }), row({})].map((read) => read.applicationDisabled)).toEqual([true, false]);
});

test('the statement looks up by the digest alone, quoted as the dialect wants', () => {
  expect(rowStatement(DEFAULT_TABLE_NAMES, '`', '?')).toContain(
    'FROM `oauth2_access_tokens` t LEFT JOIN `oauth2_applications` a ON a.id = t.application_id WHERE t.token_hash = ?',
  );
  expect(rowStatement(DEFAULT_TABLE_NAMES, '"', '$1')).toMatch(/WHERE t\.token_hash = \$1$/);
});
