import { describe, expect, test } from '@jest/globals';
import { after as continueWith, isPromiseLike, nativePromise } from '../../../src/core/promises.js';

/** A promise of another library; or what only looks like one, with something else in the place of its function. */
function foreign(then: unknown): PromiseLike<unknown> {
  return { then } as PromiseLike<unknown>;
}

const fulfilled = foreign((next: (value: number) => void) => next(5));

describe('values that may be promises', () => {
  test('a known value is continued with at once', () => {
    expect(continueWith(1, (value) => value + 1)).toBe(2);
  });

  test('a promise is continued with when it is fulfilled, and when it is rejected', async () => {
    const next = (value: number): number | string => value + 1;
    await expect(continueWith(Promise.resolve(1), next)).resolves.toBe(2);
    const failed = (error: unknown) => (error as Error).message;
    await expect(continueWith(Promise.reject<number>(new Error('no')), next, failed)).resolves.toBe('no');
  });

  test('whatever has a function then is a promise', () => {
    for (const one of [Promise.resolve(), fulfilled, Object.assign(() => {}, fulfilled)]) {
      expect(isPromiseLike<unknown>(one)).toBe(true);
    }
    for (const other of [null, undefined, 1, 'then', {}, foreign(true), () => {}]) {
      expect(isPromiseLike<unknown>(other)).toBe(false);
    }
  });

  test('a promise of another library becomes a native one, and everything else stays', async () => {
    const made = nativePromise(fulfilled);
    expect(made).toBeInstanceOf(Promise);
    await expect(made).resolves.toBe(5);
    const native = Promise.resolve(1);
    expect(nativePromise(native)).toBe(native);
    const value = {};
    expect(nativePromise(value)).toBe(value);
  });
});
