import { expect, test } from '@jest/globals';
import { DEFAULT_TABLE_NAMES } from '../../../src/storage/index.js';
import { accessTokenRow, isReadableRow, ROW_COLUMNS, rowStatement } from '../../../src/storage/token-row.js';

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
  // Bytes are no text, whatever they say.
  expect(audience(Buffer.from('[]'))).toEqual(['[]']);
});

test('[RS-20] a payload that is no JSON object says nothing about the binding, so the token is good for nobody', () => {
  for (const payload of ['', '[]', '"x"', '1', 'null', Buffer.from('{}'), 5]) {
    expect([payload, row({ 't.payload': payload }).confirmation]).toEqual([payload, 'unreadable']);
  }
  expect(row({ 't.payload': '{}' }).confirmation).toBeUndefined();
});

test('a row with a value of another type, or whose application is gone, is not readable', () => {
  const good = { 't.id': 1, 't.scope': 'read', 't.created_at_ms': 0, 't.expires_at_ms': '1790000000000' };
  const ofShop = { ...good, 't.application_id': 3, 'a.client_id': 'shop', 'a.name': 'Shop', 't.user_id': 'alice' };
  expect(isReadableRow(row(good))).toBe(true);
  expect(isReadableRow(row(ofShop))).toBe(true);
  for (const change of [
    ...[{ 't.id': 'x' }, { 't.id': 1.5 }, { 't.scope': null }, { 't.scope': 5 }, { 't.scope': Buffer.from('read') }],
    ...[{ 't.created_at_ms': 'soon' }, { 't.expires_at_ms': 'never' }, { 't.expires_at_ms': '1e999' }],
    ...[{ 't.user_id': 5 }, { 'a.client_id': 5 }, { 'a.client_id': null }, { 'a.name': Buffer.from('Shop') }],
  ]) {
    expect([change, isReadableRow(row({ ...ofShop, ...change }))]).toEqual([change, false]);
  }
});

test('an application is disabled from any time on, also the first millisecond of all', () => {
  expect([row({ 'a.disabled_at_ms': 0 }), row({})].map((read) => read.applicationDisabled)).toEqual([true, false]);
});

test('the statement looks up by digests alone, quoted as the dialect wants', () => {
  const ends = (dialect: 'mysql' | 'postgres' | 'sqlite', tokens?: number) =>
    rowStatement(DEFAULT_TABLE_NAMES, dialect, tokens).split(' LEFT JOIN ')[1];
  expect(rowStatement(DEFAULT_TABLE_NAMES, 'mysql')).toContain('FROM `oauth2_access_tokens` t LEFT JOIN');
  expect(ends('mysql')).toBe('`oauth2_applications` a ON a.id = t.application_id WHERE t.token_hash = ?');
  expect(ends('sqlite')).toBe(ends('mysql'));
  expect(ends('postgres')).toBe('"oauth2_applications" a ON a.id = t.application_id WHERE t.token_hash = $1');
  expect(ends('mysql', 4)).toMatch(/ WHERE t\.token_hash IN \(\?, \?, \?, \?\)$/);
  expect(ends('postgres', 2)).toMatch(/ WHERE t\.token_hash IN \(\$1, \$2\)$/);
});
