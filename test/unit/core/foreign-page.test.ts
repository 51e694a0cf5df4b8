import { describe, expect, test } from '@jest/globals';
import { isForForeignPage } from '../../../src/core/foreign-page.js';

const isOwn = (origin: string) => origin === 'https://own.example';

describe('a request that a browser sends for a page of another origin', () => {
  test.each([
    [{ 'sec-fetch-site': 'same-origin' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ 'sec-fetch-site': 'same-site' }, true],
    [{ 'sec-fetch-site': 'cross-site' }, true],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://other.example' }, false],
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://own.example' }, true],
  ])('is known by Sec-Fetch-Site, before all else: %j', (headers, foreign) => {
    expect(isForForeignPage(headers, isOwn)).toBe(foreign);
  });

  test.each([
    [{ origin: 'https://own.example' }, false],
    [{ origin: 'https://other.example' }, true],
    [{ origin: 'null' }, true],
    [{ origin: '' }, false],
    [{}, false],
  ])('otherwise by Origin: %j', (headers, foreign) => {
    expect(isForForeignPage(headers, isOwn)).toBe(foreign);
  });
});
