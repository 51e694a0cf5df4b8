import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { EventLoopDeadlines, type PendingAnswer } from '../../../src/throttling/event-loop-deadlines.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function deadlinesOf(deadlineMilliseconds: number) {
  const seen = { turns: 0 };
  const deadlines = new EventLoopDeadlines(deadlineMilliseconds, () => {
    seen.turns += 1;
  });
  const start = (milliseconds: number) => {
    const answer = { deadlineTurn: 0, overdue: jest.fn<PendingAnswer['overdue']>() };
    deadlines.start(answer, milliseconds);
    return answer;
  };
  return { deadlines, start, seen };
}

/** Lets turns pass: each is a timer, and what follows it when input was read. */
function pass(deadlines: EventLoopDeadlines, turns: number): void {
  const until = deadlines.turns + turns;
  for (let step = 0; step < 2 * turns; step += 1) jest.advanceTimersToNextTimer();
  expect(deadlines.turns).toBe(until);
}

describe('a deadline', () => {
  test('is over after as many turns as it is long, and the one in which it began', () => {
    const { deadlines, start, seen } = deadlinesOf(100);
    expect([deadlines.turnMilliseconds, deadlines.patienceTurns]).toEqual([10, 10]);
    const beganAt = Date.now();
    const [whole, odd] = [start(100), start(25)];
    pass(deadlines, 3);
    expect(odd.overdue).not.toHaveBeenCalled();
    pass(deadlines, 1);
    expect(odd.overdue).toHaveBeenCalledTimes(1);
    pass(deadlines, 6);
    expect(whole.overdue).not.toHaveBeenCalled();
    pass(deadlines, 1);
    expect(whole.overdue).toHaveBeenCalledTimes(1);
    expect(seen.turns).toBe(11);
    expect(Date.now() - beganAt).toBeGreaterThanOrEqual(110);
    expect(Date.now() - beganAt).toBeLessThan(125);
    expect([deadlines.end(whole), deadlines.end(odd)]).toEqual([false, false]);
    expect(odd.overdue).toHaveBeenCalledTimes(1);
  });

  test('does not pass for an answer that came', () => {
    const { deadlines, start } = deadlinesOf(100);
    const answer = start(100);
    expect([deadlines.end(answer), deadlines.end(answer)]).toEqual([true, false]);
    jest.advanceTimersByTime(1000);
    expect(answer.overdue).not.toHaveBeenCalled();
  });

  test('is counted from when it began, and no turn counts while nobody waits', () => {
    const { deadlines, start } = deadlinesOf(100);
    expect(jest.getTimerCount()).toBe(0);
    deadlines.end(start(100));
    jest.advanceTimersByTime(1000);
    // The turn that was under way is the last one.
    expect([deadlines.turns, jest.getTimerCount()]).toEqual([1, 0]);
    const late = start(100);
    pass(deadlines, 10);
    expect(late.overdue).not.toHaveBeenCalled();
    pass(deadlines, 1);
    expect(late.overdue).toHaveBeenCalledTimes(1);
  });

  test('counts one turn however many wait', () => {
    const { deadlines, start } = deadlinesOf(100);
    for (let more = 0; more < 5; more += 1) start(100);
    expect(jest.getTimerCount()).toBe(1);
    pass(deadlines, 5);
    expect(jest.getTimerCount()).toBe(1);
  });
});
