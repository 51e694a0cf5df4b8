import { describe, expect, test } from '@jest/globals';
import { wholeNumber } from '../../../src/cli/number-values.js';
import {
  clientId,
  grantTypes,
  redirectSchemes,
  redirectUris,
  scopes,
  shortText,
  someScopes,
} from '../../../src/cli/option-values.js';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

describe('grant types', () => {
  test.each([
    ['client_credentials', ['client_credentials']],
    ['authorization_code,refresh_token', ['authorization_code', 'refresh_token']],
    ['authorization_code refresh_token', ['authorization_code', 'refresh_token']],
    [' authorization_code , refresh_token ', ['authorization_code', 'refresh_token']],
    ['refresh_token,refresh_token', ['refresh_token']],
    [DEVICE_CODE, [DEVICE_CODE]],
    [`device_code ${DEVICE_CODE}`, [DEVICE_CODE]],
  ])('%j names %j', (value, expected) => {
    expect(grantTypes(value)).toEqual(expected);
  });

  test.each(['', ' , ', 'password', 'implicit', 'Client_Credentials', 'client_credentials;refresh_token'])(
    '%j is refused with the names that are allowed',
    (value) => {
      expect(() => grantTypes(value)).toThrow(
        /Allowed are client_credentials, authorization_code, refresh_token, urn:ietf:params:oauth:grant-type:device_code, device_code\./,
      );
    },
  );

  test('every unknown name is named', () => {
    expect(() => grantTypes('password,client_credentials,implicit')).toThrow('Not a grant type: password, implicit.');
  });
});

describe('scopes', () => {
  test('are separated by spaces, each once', () => {
    expect(scopes(' read  books:write read ')).toEqual(['read', 'books:write']);
  });

  test('none is a value for a token, and none for an application', () => {
    expect(scopes('')).toEqual([]);
    expect(() => someScopes(' ')).toThrow('omit the option to allow all scopes');
  });

  test('a comma is refused, because it would make one scope of two', () => {
    expect(() => scopes('read,write')).toThrow('Separate scopes by spaces, not by commas.');
  });

  test.each(['re"ad', 'back\\slash', 'schön', 'tab\tbed'])('%j is not a scope name (RFC 6749 §3.3)', (value) => {
    expect(() => scopes(value)).toThrow('is not a scope name');
  });
});

describe('whole numbers', () => {
  const lifetime = wholeNumber(-100, 100, 'seconds.');

  test.each([
    ['60', 60],
    ['-60', -60],
    ['+5', 5],
    ['0', 0],
    ['-100', -100],
    ['100', 100],
  ])('%j is %d', (value, expected) => {
    expect(lifetime(value)).toBe(expected);
  });

  test.each(['', ' ', 'abc', '1.5', '1e2', '0x10', '60s', '101', '-101', '9'.repeat(400), 'NaN', 'Infinity'])(
    '%j is refused with the bounds',
    (value) => {
      expect(() => lifetime(value)).toThrow('Give a whole number from -100 to 100: seconds.');
    },
  );
});

describe('names and identifiers', () => {
  test('a name is trimmed text of at most 255 characters', () => {
    expect(shortText('  Büro 5 ')).toBe('Büro 5');
    expect(shortText('x'.repeat(255))).toHaveLength(255);
  });

  test.each(['', '   ', 'x'.repeat(256), 'line\nbreak', 'nul\0'])('%j is not a name', (value) => {
    expect(() => shortText(value)).toThrow('Give 1 to 255 characters');
  });

  test('a client identifier may begin with a hyphen', () => {
    expect(clientId('-abc_DEF')).toBe('-abc_DEF');
  });

  test.each(['', 'with space', 'ümlaut', 'x'.repeat(256)])('%j is not a client identifier', (value) => {
    expect(() => clientId(value)).toThrow('printable ASCII');
  });
});

describe('redirect URIs', () => {
  test.each([
    'https://app.example.com/callback?x=1',
    'http://127.0.0.1:8080/callback',
    'http://localhost/callback',
    'http://[::1]/callback',
    'com.example.app:/callback',
  ])('%s is accepted', (uri) => {
    expect(redirectUris(uri)).toEqual([uri]);
  });

  test('are separated by spaces, each once', () => {
    expect(redirectUris('https://a.example/1  https://a.example/2 https://a.example/1')).toEqual([
      'https://a.example/1',
      'https://a.example/2',
    ]);
  });

  test.each(['', ' '])('%j is refused', (uris) => {
    expect(() => redirectUris(uris)).toThrow('Give absolute URIs');
  });
});

describe('schemes of redirect URIs', () => {
  test('are separated by spaces or commas, each once', () => {
    expect(redirectSchemes('cursor myapp,cursor')).toEqual(['cursor', 'myapp']);
  });

  test.each(['', 'javascript', 'myapp data', 'https', 'Cursor', 'myapp:'])('%j is refused', (schemes) => {
    expect(() => redirectSchemes(schemes)).toThrow(/not allowed|Give schemes/);
  });
});
