import { describe, expect, test } from '@jest/globals';
import {
  choiceOption,
  entriesOption,
  flagOption,
  functionOption,
  knownOptions,
  listOption,
  numberOption,
  objectOption,
  objectWith,
  textOption,
  wholeNumberOption,
} from '../../../../src/core/options/index.js';

/** What a check refuses with. */
function refusal(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    return (error as Error).message;
  }
  return 'taken';
}

describe('an option', () => {
  test('of text is not empty', () => {
    expect(textOption('a', ' b ')).toBe(' b ');
    for (const bad of ['', ' \n', 5, undefined]) {
      expect(refusal(() => textOption('a', bad))).toMatch(
        /^The option a cannot be .*: give a text that is not empty\.$/,
      );
    }
    expect(refusal(() => textOption('a', '', 'name one'))).toBe('The option a cannot be "": name one.');
  });

  test('of a whole number is in its range', () => {
    const range = { least: 1, most: 9 };
    for (const good of [1, 9]) expect(wholeNumberOption('a', good, range)).toBe(good);
    for (const bad of [0, 10, 1.5, Number.NaN, 2 ** 53]) {
      expect(refusal(() => wholeNumberOption('a', bad, range))).toBe(
        `The option a cannot be ${bad}: give a whole number from 1 to 9.`,
      );
    }
    expect(refusal(() => wholeNumberOption('a', '5', range))).toContain('a whole number from 1 to 9');
    expect(refusal(() => wholeNumberOption('a', 0, range, 'give more'))).toBe('The option a cannot be 0: give more.');
  });

  test('of a whole number may have no largest one', () => {
    for (const range of [{ least: 2 }, { least: 2, most: Number.MAX_SAFE_INTEGER }]) {
      expect(wholeNumberOption('a', Number.MAX_SAFE_INTEGER, range)).toBe(Number.MAX_SAFE_INTEGER);
      expect(refusal(() => wholeNumberOption('a', 1, range))).toBe(
        'The option a cannot be 1: give a whole number, at least 2.',
      );
    }
  });

  test('of a number is finite and in its range', () => {
    for (const good of [0, 0.5, 1]) expect(numberOption('a', good, { least: 0, most: 1 })).toBe(good);
    for (const bad of [-0.1, 1.1, Number.NaN]) {
      expect(refusal(() => numberOption('a', bad, { least: 0, most: 1 }))).toBe(
        `The option a cannot be ${bad}: give a number from 0 to 1.`,
      );
    }
    expect(refusal(() => numberOption('a', Number.POSITIVE_INFINITY, { least: 0 }))).toBe(
      'The option a cannot be Infinity: give a number, at least 0.',
    );
    expect(refusal(() => numberOption('a', '0.5', { least: 0 }))).toContain('give a number, at least 0');
    expect(refusal(() => numberOption('a', 123_456, { least: 0, most: 1 }, 'give less'))).toBe(
      'The option a cannot be 123456: give less.',
    );
  });

  test('of yes or no is true or false', () => {
    expect([flagOption('a', true), flagOption('a', false)]).toEqual([true, false]);
    expect(refusal(() => flagOption('a', 1))).toBe('The option a cannot be 1: use true or false.');
  });

  test('of a choice is one of them, and the others are named', () => {
    expect(choiceOption('a', 'open', ['open', 'closed'])).toBe('open');
    expect(choiceOption('a', false, [false, 'open'])).toBe(false);
    expect(refusal(() => choiceOption('a', 5, ['open']))).toBe("The option a cannot be 5: use 'open'.");
    expect(refusal(() => choiceOption('a', 5, ['open', 'closed']))).toBe(
      "The option a cannot be 5: use 'open' or 'closed'.",
    );
    expect(refusal(() => choiceOption('a', 5, [false, 'open', 'closed']))).toBe(
      "The option a cannot be 5: use false, 'open' or 'closed'.",
    );
    expect(refusal(() => choiceOption('a', 'closd', [false, 'closed']))).toContain('"closd"');
    expect(refusal(() => choiceOption('a', 'hunter2', [false, 'closed']))).toContain('a string');
  });

  test('of a function is one', () => {
    const given = () => 5;
    expect(functionOption('a', given)).toBe(given);
    expect(refusal(() => functionOption('a', {}))).toBe('The option a cannot be an object: give a function.');
    expect(refusal(() => functionOption('a', {}, 'give f'))).toBe('The option a cannot be an object: give f.');
  });

  test('of an object has the functions that are called', () => {
    const names = ['get', 'set'];
    const good = { get() {}, set() {} };
    expect(refusal(() => objectWith('a', good, names, 'give a store'))).toBe('taken');
    expect(
      refusal(() =>
        objectWith(
          'a',
          Object.assign(() => {}, good),
          names,
          'give a store',
        ),
      ),
    ).toBe('taken');
    for (const bad of [null, undefined, 'text', {}, { get() {} }, { get() {}, set: 5 }]) {
      expect(refusal(() => objectWith('a', bad, names, 'give a store'))).toMatch(/give a store\.$/);
    }
    const unreadable = {
      get get(): unknown {
        throw new Error('s3cret of a getter');
      },
    };
    expect(refusal(() => objectWith('a', unreadable, names, 'give a store'))).toBe(
      'The option a cannot be an object: reading it failed; give the value itself.',
    );
    expect(refusal(() => objectWith('a', 'text', [], 'give a store'))).toBe(
      'The option a cannot be "text": give a store.',
    );
  });

  test('of a group is an object, and no list', () => {
    const given = { b: 1 };
    expect(objectOption('a', given)).toBe(given);
    for (const bad of [null, [], 'text', undefined]) {
      expect(refusal(() => objectOption('a', bad))).toMatch(/: give an object\.$/);
    }
    expect(refusal(() => objectOption('a', null, 'give names'))).toBe('The option a cannot be null: give names.');
  });

  test('of a list is one', () => {
    const given = [1];
    expect(listOption('a', given, 'give a list')).toBe(given);
    expect(refusal(() => listOption('a', {}, 'give a list'))).toBe('The option a cannot be an object: give a list.');
  });
});

describe('the members of a group', () => {
  test('whose names the host chooses are read once, in their order', () => {
    expect(entriesOption('a', { c: 1, b: undefined })).toEqual([
      ['c', 1],
      ['b', undefined],
    ]);
    expect(refusal(() => entriesOption('a', 5, 'give names'))).toBe('The option a cannot be 5: give names.');
  });

  test('that cannot be read are refused by their place, without what was thrown', () => {
    const given = {
      get b(): unknown {
        throw new Error('hunter2');
      },
    };
    const message = 'The option a.b cannot be an object: reading it failed; give the value itself.';
    expect(refusal(() => entriesOption('a', given))).toBe(message);
    expect(refusal(() => knownOptions<{ b: unknown }>('a', given, ['b']))).toBe(message);
  });

  test('that are known are read, and those that are not given stay away', () => {
    const read = knownOptions<{ b?: number; c?: number; d?: number }>('a', { b: 1, c: undefined }, ['b', 'c', 'd']);
    expect(read).toStrictEqual({ b: 1, c: undefined });
    expect(refusal(() => knownOptions<{ b: number }>('a', 5, ['b'], 'give options'))).toBe(
      'The option a cannot be 5: give options.',
    );
  });

  test('may come from a class of the host', () => {
    class Options {
      get b() {
        return 1;
      }
    }
    expect(knownOptions<{ b?: number }>('a', new Options(), ['b'])).toEqual({ b: 1 });
  });
});
