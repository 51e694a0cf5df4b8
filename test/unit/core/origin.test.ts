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
    ['https://a.example'],
  ])('%j is none', (origin) => {
    expect([isOrigin(origin), originProblem(origin)]).toEqual([false, expect.any(String)]);
  });

  test.each([
    [undefined, 'an origin is a string'],
    ['https://*.a.example', 'name each origin; there are no patterns'],
    ['null', 'any page can have the origin null, so it says nothing'],
    ['a.example', 'not an origin, write e.g. https://app.example.com'],
    ['https://A.example:443/x', 'write scheme, host and port alone, as browsers do: https://a.example'],
    ['https://a,b/', 'write scheme, host and port alone, as browsers do: https://app.example.com'],
    ['http://a.example', 'http is for loopback addresses only, use https'],
    ['file://a', 'write scheme, host and port alone, e.g. https://app.example.com'],
    ['capacitor://localhost/x', 'write scheme, host and port alone, e.g. https://app.example.com'],
  ])('what is wrong with %j, and what is to be written instead, is said', (origin, problem) => {
    expect(originProblem(origin)).toBe(problem);
  });
});
