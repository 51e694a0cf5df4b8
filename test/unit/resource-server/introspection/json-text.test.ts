import { describe, expect, test } from '@jest/globals';
import { parseUnambiguous } from '../../../../src/resource-server/verifiers/introspection/json-text.js';

describe('a JSON text that must say one thing', () => {
  test('[RS-13 RFC 8259 §4] a member that stands twice is refused, however it is written and wherever it stands', () => {
    for (const text of [
      '{"active":false,"active":true}',
      '{"active":true,"active":true}',
      String.raw`{"active":false,"\u0061ctive":true}`,
      '{"cnf":{"jkt":"a","jkt":"b"}}',
      '[{"a":1},{"b":1,"b":2}]',
      '{"a":[1,{"x":1}],"b":{},"a":2}',
      '{ "a" : "}", "a" : 1 }',
      String.raw`{"a":"\"","a":1}`,
    ]) {
      expect(() => parseUnambiguous(text)).toThrow('contains a duplicate member');
    }
  });

  test('the same name in two objects, and names that stand as values, are nothing twice', () => {
    for (const text of [
      '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
      '{"a":"b","b":"a","c":["a","a","b"]}',
      String.raw`{"a":"\",\"a\":\"","b":"{\"b\":1}"}`,
      '{"__proto__":1,"constructor":2}',
      '["a","a"]',
      '"a"',
      '1',
      '{}',
      ' { } ',
    ]) {
      expect(parseUnambiguous(text)).toEqual(JSON.parse(text));
    }
  });

  test('what is not JSON, or nested without end, is refused', () => {
    for (const text of ['', '{', '{"a":1', '<html>', '{"a":1}{"a":1}', "{'a':1}", '{"a":01}']) {
      expect(() => parseUnambiguous(text)).toThrow(SyntaxError);
    }
    expect(() => parseUnambiguous('['.repeat(33) + ']'.repeat(33))).toThrow('nested deeper than 32 levels');
    const deep = [...Array(20_000).fill('{"a":'), '1', ...Array(20_000).fill('}')].join('');
    expect(() => parseUnambiguous(deep)).toThrow('nested deeper');
    expect(parseUnambiguous('['.repeat(32) + ']'.repeat(32))).toBeInstanceOf(Array);
  });
});
