import { describe, expect, test } from '@jest/globals';
import { KnownRefusal, throttledFor } from '../../../src/core/errors/known-refusal.js';
import { InsufficientScopeError, ThrottledError } from '../../../src/core/errors.js';

describe('a refusal that says the same to everybody', () => {
  test('is made once, and again for each request that needs its own', () => {
    const made: unknown[] = [];
    const refusal = new KnownRefusal((providedScopes) => {
      made.push(providedScopes);
      return new InsufficientScopeError({ providedScopes });
    });
    expect(refusal.error.details.providedScopes).toBeUndefined();
    expect(refusal.error).toBe(refusal.error);
    const own = refusal.again(['b']);
    expect(own).not.toBe(refusal.error);
    expect(own.details.providedScopes).toEqual(['b']);
    expect(made).toEqual([undefined, ['b']]);
  });

  test('is one for each number of seconds, and there are at most a thousand of them', () => {
    const first = throttledFor(1);
    expect(first.error).toBeInstanceOf(ThrottledError);
    expect(first.error.details.retryAfterSeconds).toBe(1);
    expect(first.again()).toBeInstanceOf(ThrottledError);
    expect(throttledFor(1)).toBe(first);
    expect(throttledFor(2)).not.toBe(first);
    for (let seconds = 3; seconds <= 1_000; seconds += 1) throttledFor(seconds);
    expect(throttledFor(1)).toBe(first);
    throttledFor(1_001);
    expect(throttledFor(1)).not.toBe(first);
  });
});
