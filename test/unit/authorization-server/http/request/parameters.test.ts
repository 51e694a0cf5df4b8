import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BadRequest } from '../../../../../src/authorization-server/http/request/bad-request.js';
import {
  parameter,
  readParameters,
  refuseRepeated,
} from '../../../../../src/authorization-server/http/request/parameters.js';

describe('parameters', () => {
  test('are read as URLSearchParams reads them, where they are written as it writes them', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 50 }).filter((one) => !/[\0[]/.test(one));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 20 }), (pairs) => {
        const written = new URLSearchParams(pairs).toString();
        expect(readParameters(written)).toEqual([...new URLSearchParams(written)]);
      }),
    );
  });

  test('never make anything but a BadRequest of any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        try {
          refuseRepeated(readParameters(text));
        } catch (error) {
          expect(error).toBeInstanceOf(BadRequest);
        }
      }),
    );
  });

  test.each([
    ['NUL', 'a=b%00c'],
    ['NUL in a name', 'a%00=b'],
    ['a broken escape', 'a=%zz'],
    ['an escape that ends too early', 'a=%e2%82'],
    ['bytes that are no UTF-8', 'a=%ff%fe'],
    ['an over-long form of a character', 'a=%c0%80'],
    ['an array', 'a[]=b'],
    ['an object', 'a[b]=c'],
    ['an escaped object', 'a%5Bb%5D=c'],
    ['an over-long value', `a=${'x'.repeat(8193)}`],
    ['an over-long name', `${'x'.repeat(257)}=b`],
    ['too many', Array.from({ length: 101 }, (_, index) => `a${index}=b`).join('&')],
  ])('[AS-40 §3.2] refuse %s', (_name, text) => {
    expect(() => readParameters(text)).toThrow(BadRequest);
  });

  test('[AS-40 §3.2] refuse a parameter that occurs twice, but for resource, which may', () => {
    expect(() => refuseRepeated(readParameters('scope=a&scope=a'))).toThrow('twice');
    expect(() => refuseRepeated(readParameters('resource=a&resource=b'))).not.toThrow();
  });

  test('[AS-40 §3.2] treat one without a value as one that is missing', () => {
    expect(parameter(readParameters('a=&b'), 'a')).toBeUndefined();
    expect(parameter(readParameters('a=&b'), 'b')).toBeUndefined();
    expect(parameter(readParameters('a=1'), 'a')).toBe('1');
  });
});
