import { describe, expect, test } from '@jest/globals';
import { patienceCheck } from '../../../../src/throttling/engines/caller-patience.js';
import { VirtualClock } from '../../../support/throttling/virtual-clock.js';

describe('a caller has stopped waiting', () => {
  test('after as many turns as it has patience, whatever the clock shows', () => {
    const clock = new VirtualClock();
    const patience = { turns: 7, patienceTurns: 10 };
    const isOver = patienceCheck(patience, clock, clock.milliseconds, 5);
    clock.advance(1000);
    patience.turns = 16;
    expect(isOver()).toBe(false);
    patience.turns = 17;
    expect(isOver()).toBe(true);
    patience.turns = 18;
    expect(isOver()).toBe(true);
  });

  test('after the deadline of the engine, where it has no patience of its own', () => {
    const clock = new VirtualClock();
    const isOver = patienceCheck(undefined, clock, clock.milliseconds - 2, 5);
    clock.advance(3);
    expect(isOver()).toBe(false);
    clock.advance(0.1);
    expect(isOver()).toBe(true);
  });
});
