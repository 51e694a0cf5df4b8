import { expect, test } from '@jest/globals';
import * as lua from '../../../../../src/throttling/engines/redis/lua.js';
import { appendRow, row, rowStart } from '../../../../../src/throttling/engines/redis/rows.js';

const HEAD = row({ notAfter: 'number', hasMarker: 'flag' });
const ITEM = row({ name: 'text', slides: 'flag', windowMilliseconds: 'number' });

test('the code appends values in the order of their row, flags as 1 and 0', () => {
  const parameters: (string | number)[] = [];
  appendRow(parameters, HEAD, { hasMarker: true, notAfter: 5 });
  appendRow(parameters, ITEM, { windowMilliseconds: 1000, slides: false, name: 'a' });
  expect(parameters).toEqual([5, 1, 'a', 0, 1000]);
});

test('a script reads the arguments into locals of the same names, from the same positions', () => {
  expect(lua.argumentLocals(HEAD, 1)).toBe("local not_after, has_marker = tonumber(ARGV[1]), ARGV[2] == '1'");
  expect(lua.argumentLocals(ITEM, 'at')).toBe(
    "local name, slides, window_milliseconds = ARGV[at], ARGV[at + 1] == '1', tonumber(ARGV[at + 2])",
  );
  expect(lua.argumentLocals(ITEM, 'at', ['windowMilliseconds'])).toBe(
    'local window_milliseconds = tonumber(ARGV[at + 2])',
  );
  expect(lua.numberLocals(ITEM, 'asked', 'at')).toBe(
    'local name, slides, window_milliseconds = asked[at], asked[at + 1], asked[at + 2]',
  );
});

test('both sides find the same beginning of an item: the code counts from 0, Lua from 1', () => {
  expect(rowStart(HEAD, ITEM, 3)).toBe(2 + 3 * 3);
  expect(lua.luaRowStart(HEAD, ITEM)).toBe('3 + (i - 1) * 3');
});

test('a script writes answers by name', () => {
  const values = { windowMilliseconds: 'left', name: 'key', slides: '1' };
  expect(lua.assignRow(ITEM, 'answer', 'put', values)).toBe(
    'answer[put], answer[put + 1], answer[put + 2] = key, 1, left',
  );
  expect(lua.tableOf(ITEM, values)).toBe('{key, 1, left}');
  expect(lua.tableOf(ITEM, { name: 'key' })).toBe('{key}');
  expect(() => lua.tableOf(ITEM, { name: 'key', windowMilliseconds: 'left' })).toThrow('no gaps');
});

test('positions and codes have names in a script', () => {
  expect(lua.positionConstants('ITEM', ITEM, 1)).toBe(
    'local ITEM_NAME, ITEM_SLIDES, ITEM_WINDOW_MILLISECONDS = 1, 2, 3',
  );
  expect(lua.positionConstants('ITEM', ITEM, 0)).toBe(
    'local ITEM_NAME, ITEM_SLIDES, ITEM_WINDOW_MILLISECONDS = 0, 1, 2',
  );
  expect(lua.codeConstants({ granted: 1, tooLate: -1 })).toBe('local GRANTED, TOO_LATE = 1, -1');
});
