import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { TemporarilyUnavailableError } from '../../../src/core/errors.js';
import { TriesUnderWay } from '../../../src/throttling/tries-under-way.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** What became of a promise so far. */
function watched(waiting: Promise<void> | undefined) {
  const seen: { state: unknown } = { state: 'waits' };
  waiting?.then(
    () => {
      seen.state = 'goes on';
    },
    (error: unknown) => {
      seen.state = error;
    },
  );
  return seen;
}

describe('a try that waits for others', () => {
  test('gives up after five seconds, which is no fault of its caller', async () => {
    // The process is older than the try.
    await jest.advanceTimersByTimeAsync(60_000);
    const tries = new TriesUnderWay();
    tries.begin('ip:1', () => {});
    const waiting = watched(tries.oneEnds('ip:1', tries.patience()));
    await jest.advanceTimersByTimeAsync(4999);
    expect(waiting.state).toBe('waits');
    await jest.advanceTimersByTimeAsync(1);
    expect(waiting.state).toBeInstanceOf(TemporarilyUnavailableError);
    expect(waiting.state).toMatchObject({
      details: { part: 'tries', detail: 'too many authentications are in progress' },
    });
  });

  test('that has given up takes no place from another that waits', async () => {
    const tries = new TriesUnderWay();
    const [first] = [tries.begin('ip:1', () => {}), tries.begin('ip:1', () => {})];
    const early = watched(tries.oneEnds('ip:1', tries.patience()));
    await jest.advanceTimersByTimeAsync(4000);
    const late = watched(tries.oneEnds('ip:1', tries.patience()));
    await jest.advanceTimersByTimeAsync(1000);
    expect(early.state).toBeInstanceOf(TemporarilyUnavailableError);
    first.fail();
    await jest.advanceTimersByTimeAsync(0);
    expect(late.state).toBe('goes on');
    expect(jest.getTimerCount()).toBe(0);
  });

  test('does not wait where none is under way, and not for those of another address', () => {
    const tries = new TriesUnderWay();
    tries.begin('ip:1', () => {});
    expect(tries.oneEnds('ip:2', tries.patience())).toBeUndefined();
  });

  test('goes on when one has ended, one after the other, and all when the last one has', async () => {
    const tries = new TriesUnderWay();
    let undone = 0;
    const undo = () => {
      undone += 1;
    };
    const [first, second, third] = [tries.begin('ip:1', undo), tries.begin('ip:1', undo), tries.begin('ip:1', undo)];
    const waiting = Array.from({ length: 4 }, () => watched(tries.oneEnds('ip:1', tries.patience())));
    const gone = async () => {
      await jest.advanceTimersByTimeAsync(0);
      return waiting.filter(({ state }) => state === 'goes on').length;
    };
    // Whatever is said of it later, a try ends once.
    for (let more = 0; more < 3; more += 1) first.release();
    first.fail();
    expect([await gone(), undone]).toEqual([1, 1]);
    second.fail();
    second.release();
    expect([await gone(), undone]).toEqual([2, 1]);
    third.release();
    expect([await gone(), undone]).toEqual([4, 2]);
    expect(tries.oneEnds('ip:1', tries.patience())).toBeUndefined();
  });
});
