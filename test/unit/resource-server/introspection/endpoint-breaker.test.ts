import { describe, expect, test } from '@jest/globals';
import { EndpointBreaker } from '../../../../src/resource-server/verifiers/introspection/endpoint-breaker.js';

class SetClock {
  now = 1_000_000;
  nowMilliseconds(): number {
    return this.now;
  }
  monotonicMilliseconds(): number {
    return this.now;
  }
}

function opened(): { clock: SetClock; breaker: EndpointBreaker } {
  const clock = new SetClock();
  const breaker = new EndpointBreaker(clock);
  for (let count = 0; count < 5; count += 1) breaker.admit()?.failed();
  return { clock, breaker };
}

describe('the breaker of an endpoint', () => {
  test('four failures in a row do not open it, the fifth does, and a success in between begins again', () => {
    const breaker = new EndpointBreaker(new SetClock());
    for (const _ of [1, 2, 3, 4]) breaker.admit()?.failed();
    breaker.admit()?.succeeded();
    for (const _ of [1, 2, 3, 4]) breaker.admit()?.failed();
    expect(breaker.admit()).toBeDefined();
    breaker.admit()?.failed();
    expect(breaker.isOpen).toBe(true);
    expect(breaker.admit()).toBeUndefined();
  });

  test('when the pause is over one call tries, and all others are still refused', () => {
    const { clock, breaker } = opened();
    clock.now += 999;
    expect(breaker.admit()).toBeUndefined();
    clock.now += 1;
    const tried = breaker.admit();
    expect(tried).toBeDefined();
    expect([breaker.admit(), breaker.admit()]).toEqual([undefined, undefined]);
    tried?.succeeded();
    expect([breaker.admit(), breaker.admit()]).not.toContain(undefined);
    expect(breaker.isOpen).toBe(false);
  });

  test('each try that fails doubles the pause, up to 30 seconds; a success makes it short again', () => {
    const { clock, breaker } = opened();
    const pauses: number[] = [];
    for (let count = 0; count < 7; count += 1) {
      pauses.push(breaker.retryAfterSeconds);
      clock.now += breaker.retryAfterSeconds * 1000;
      breaker.admit()?.failed();
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 30, 30]);
    clock.now += 30_000;
    breaker.admit()?.succeeded();
    for (const _ of [1, 2, 3, 4, 5]) breaker.admit()?.failed();
    expect(breaker.retryAfterSeconds).toBe(1);
  });

  test('a try of which nothing was learned leaves the next one free at once', () => {
    const { clock, breaker } = opened();
    clock.now += 1000;
    breaker.admit()?.dropped();
    expect(breaker.admit()).toBeDefined();
    expect(breaker.admit()).toBeUndefined();
  });

  test('calls that were under way when it opened neither prolong the pause nor close it late', () => {
    const clock = new SetClock();
    const breaker = new EndpointBreaker(clock);
    const calls = Array.from({ length: 8 }, () => breaker.admit());
    for (const call of calls.slice(0, 7)) call?.failed();
    expect(breaker.retryAfterSeconds).toBe(1);
    calls[7]?.succeeded();
    expect(breaker.isOpen).toBe(false);
  });

  test('a server that asks to be left alone is left alone at its first word, for no longer than 30 seconds', () => {
    const breaker = new EndpointBreaker(new SetClock());
    breaker.admit()?.failed(7_000);
    expect(breaker.admit()).toBeUndefined();
    expect(breaker.retryAfterSeconds).toBe(7);
    const other = new EndpointBreaker(new SetClock());
    other.admit()?.failed(1e9);
    expect(other.retryAfterSeconds).toBe(30);
  });

  test('a call tells once how it went', () => {
    const { clock, breaker } = opened();
    clock.now += 1000;
    const tried = breaker.admit();
    tried?.failed();
    tried?.succeeded();
    expect(breaker.isOpen).toBe(true);
    expect(breaker.retryAfterSeconds).toBe(2);
  });
});
