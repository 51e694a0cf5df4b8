import { describe, expect, test } from '@jest/globals';
import { InvalidTokenError, TemporarilyUnavailableError } from '../../../src/core/errors.js';
import { loggedFailure, reasonOf } from '../../../src/core/logged-failure.js';

const outage = (details: ConstructorParameters<typeof TemporarilyUnavailableError>[0]) =>
  new TemporarilyUnavailableError(details);

/** An error whose stack is known. */
function errorAt(message: string, frames: string[], members: object = {}): Error {
  const error = new Error(message);
  error.stack = [`Error: ${message}`, ...frames].join('\n');
  return Object.assign(error, members);
}

const FRAMES = ['    at one (file:///a.js:1:2)', '    at two (file:///b.js:3:4)'];

describe('an outage', () => {
  test('is one kind for each part, and one line with its cause', () => {
    const failure = loggedFailure(outage({ part: 'database', detail: 'no answer', cause: new Error('refused\nhere') }));
    expect(failure).toMatchObject({ kind: 'outage: database', isOutage: true });
    expect(failure.describe()).toBe('no answer: refused\\nhere');
  });

  test('without a part is of the kind of its code', () => {
    expect(loggedFailure(outage({})).kind).toBe('outage: temporarily_unavailable');
  });

  test('without a detail is described by its public message', () => {
    const error = outage({ part: 'database' });
    expect(loggedFailure(error).describe()).toBe(error.message);
    expect(error.message).not.toBe('');
  });

  test('does not repeat a cause that the detail names already', () => {
    expect(loggedFailure(outage({ detail: 'it said: refused', cause: new Error('refused') })).describe()).toBe(
      'it said: refused',
    );
    expect(loggedFailure(outage({ detail: 'gone', cause: '' })).describe()).toBe('gone');
  });

  test('is recognized where it is the cause of another error', () => {
    const wrapped = new Error('outer', { cause: outage({ part: 'redis' }) });
    expect(loggedFailure(wrapped)).toMatchObject({ kind: 'outage: redis', isOutage: true });
  });
});

describe('a fault', () => {
  test('is of the kind of the place where it was thrown, and is logged with its stack', () => {
    const failure = loggedFailure(errorAt('bad', FRAMES));
    expect(failure).toMatchObject({ kind: 'fault: Error  at one (file:///a.js:1:2)', isOutage: false });
    expect(failure.describe()).toBe(['Error: bad', ...FRAMES].join('\n'));
  });

  test('with a code is a kind of its own', () => {
    expect(loggedFailure(errorAt('bad', FRAMES, { code: 'E_BAD' })).kind).toBe(
      'fault: Error E_BAD at one (file:///a.js:1:2)',
    );
    expect(loggedFailure(errorAt('bad', [], { code: 5 })).kind).toBe('fault: Error  ');
  });

  test('a message that looks like frames adds none, and breaks no line', () => {
    const failure = loggedFailure(errorAt('bad\n    at forged (x.js:1:1)', FRAMES));
    expect(failure.kind).toBe('fault: Error  at one (file:///a.js:1:2)');
    expect(failure.describe()).toBe(['Error: bad\\n    at forged (x.js:1:1)', ...FRAMES].join('\n'));
  });

  test('without a message, or with one that came after its stack, has its frames', () => {
    const unnamed = errorAt('', FRAMES);
    expect(loggedFailure(unnamed).describe()).toBe(['Error: ', ...FRAMES].join('\n'));
    const later = errorAt('first', FRAMES);
    later.message = 'second';
    expect(loggedFailure(later).describe()).toBe(['Error: second', ...FRAMES].join('\n'));
    const bare = errorAt('bad', FRAMES);
    delete bare.stack;
    expect(loggedFailure(bare).describe()).toBe('Error: bad');
  });

  test('whose stack begins with its message has the frames after that', () => {
    const error = errorAt('at\n    at forged (x.js:1:1)', FRAMES);
    error.stack = [error.message, ...FRAMES].join('\n');
    expect(loggedFailure(error).kind).toBe('fault: Error  at one (file:///a.js:1:2)');
  });

  test('only lines of frames are logged of a stack', () => {
    const error = errorAt('bad', ['a note', ...FRAMES, 'x at y']);
    expect(loggedFailure(error).describe()).toBe(['Error: bad', ...FRAMES].join('\n'));
  });

  test('names its causes, the last of them at a depth of five', () => {
    const causes = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
    const error = causes.reduceRight<Error | undefined>(
      (cause, name) => errorAt(name, [], cause && { cause }),
      undefined,
    );
    expect(loggedFailure(error).describe()).toBe(
      'Error: one\ncaused by Error: two\ncaused by Error: three\ncaused by Error: four\ncaused by Error: five\ncaused by Error: six',
    );
  });

  test('of this package is logged with its private detail', () => {
    const error = new InvalidTokenError('Bad.', { detail: 'of key k' });
    error.stack = '';
    expect(loggedFailure(error)).toMatchObject({ isOutage: false });
    expect(loggedFailure(error).describe()).toBe(`InvalidTokenError: ${error.message} of key k`);
  });

  test('need not be an error', () => {
    expect(loggedFailure('text\n')).toMatchObject({ kind: 'fault: string', isOutage: false });
    expect(loggedFailure('text\n').describe()).toBe('text\\n');
    expect(loggedFailure({ cause: outage({}) }).kind).toBe('fault: object');
  });
});

describe('the reason of an error', () => {
  test.each<[string, unknown, string]>([
    ['its message', new Error('refused'), 'refused'],
    ['its code, where it has no message', Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['its text, where it has neither', new TypeError(''), 'TypeError'],
    ['a message that is text only', { message: 5, code: 'E' }, 'E'],
    ['a thrown text', 'no', 'no'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
  ])('is %s', (_name, error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });
});
