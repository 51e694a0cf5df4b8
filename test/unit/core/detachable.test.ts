import { describe, expect, test } from '@jest/globals';
import { makeDetachable } from '../../../src/core/detachable.js';

/** A class of its own for each test, made detachable in it, so that each test proves the whole function. */
function counterClass() {
  class Counter {
    count = 1;
    next() {
      return this.count + 1;
    }
    whole() {
      return this.count;
    }
    get half() {
      return this.count / 2;
    }
  }
  makeDetachable(Counter.prototype, ['whole']);
  return Counter;
}

describe('methods that can be called without their object', () => {
  test('are bound to it', () => {
    const { next } = new (counterClass())();
    expect(next()).toBe(2);
  });

  test('are as visible as before, and can be replaced', () => {
    expect(Object.getOwnPropertyDescriptor(counterClass().prototype, 'next')).toMatchObject({
      enumerable: false,
      configurable: true,
    });
    const listed = Object.defineProperty({}, 'a', { value: () => 1, enumerable: true, configurable: true });
    makeDetachable(listed);
    expect(Object.keys(listed)).toEqual(['a']);
  });

  test('are not the constructor, the exceptions, and what is no method', () => {
    const Counter = counterClass();
    const counter = new Counter();
    expect(counter.constructor).toBe(Counter);
    expect(Object.getOwnPropertyDescriptor(Counter.prototype, 'constructor')).toHaveProperty('value', Counter);
    expect(Object.getOwnPropertyDescriptor(Counter.prototype, 'whole')).toHaveProperty('value');
    expect(counter.half).toBe(0.5);
    const prototype = { text: 'a' };
    makeDetachable(prototype);
    expect(prototype.text).toBe('a');
  });
});
