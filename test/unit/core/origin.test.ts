import { describe, expect, test } from '@jest/globals';
import { isOrigin, originProblem } from '../../../src/core/origin.js';

describe('origins of pages', () => {
  test.each([
    'https://a.example',
    'http://127.0.0.1:3000',
    'http://[::1]:3000',
    'capacitor://localhost',
    'chrome-extension://abc',
  ])('%s is one, and can be named', (origin) => {
    expect([isOrigin(origin), originProblem(origin)]).toEqual([true, undefined]);
  });

  test.each([
    'null',
    '',
    'https://',
    'https://a.example/',
    'https://a.example, https://b.example',
    'a.example',
    undefined,
    5,
  ])('%j is none', (origin) => {
    expect([isOrigin(origin), originProblem(origin)]).toEqual([false, expect.any(String)]);
  });

  test('what is to be written instead is said', () => {
    expect(originProblem('https://A.example:443/x')).toBe(
      'write scheme, host and port alone, as browsers do: https://a.example',
    );
  });
});
