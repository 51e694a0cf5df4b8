import { describe, expect, test } from '@jest/globals';
import { TemporarilyUnavailableError } from '../../../src/core/errors.js';
import { WorkQueue } from '../../../src/core/work-queue.js';

/** A task that runs until it is told to end. */
function task(name: string, log: string[]) {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const work = async () => {
    log.push(name);
    await ended;
    return name;
  };
  return { work, end: () => end() };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a queue of expensive work', () => {
  test('as many tasks as it says run at once, and the others in the order in which they came', async () => {
    const queue = new WorkQueue({ atOnce: 2, waiting: 5, part: 'secrets' });
    const log: string[] = [];
    const tasks = ['a', 'b', 'c', 'd'].map((name) => task(name, log));
    const results = tasks.map(({ work }) => queue.run(true, work));
    await settled();
    expect(log).toEqual(['a', 'b']);
    tasks[1]?.end();
    await settled();
    expect(log).toEqual(['a', 'b', 'c']);
    for (const { end } of tasks) end();
    expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('known callers are served before strangers', async () => {
    const queue = new WorkQueue({ atOnce: 1, waiting: 5, part: 'secrets' });
    const log: string[] = [];
    const tasks = ['first', 'stranger', 'known'].map((name) => task(name, log));
    const results = tasks.map(({ work }, index) => queue.run(index === 2, work));
    for (const { end } of tasks) end();
    await Promise.all(results);
    expect(log).toEqual(['first', 'known', 'stranger']);
  });

  test('a full line refuses, for a while, and leaves the other line open', async () => {
    const queue = new WorkQueue({ atOnce: 1, waiting: 1, part: 'secrets' });
    const log: string[] = [];
    const tasks = ['a', 'b', 'c'].map((name) => task(name, log));
    const running = tasks.slice(0, 2).map(({ work }) => queue.run(false, work));
    await expect(queue.run(false, async () => 'x')).rejects.toThrow(TemporarilyUnavailableError);
    await expect(queue.run(false, async () => 'x')).rejects.toMatchObject({
      details: { part: 'secrets', detail: '1 wait already', retryAfterSeconds: 2 },
    });
    const known = queue.run(true, tasks[2]?.work as () => Promise<string>);
    for (const { end } of tasks) end();
    expect(await Promise.all([...running, known])).toEqual(['a', 'b', 'c']);
  });

  test('a task that fails makes room for the next, and an idle queue takes new ones', async () => {
    const queue = new WorkQueue({ atOnce: 1, waiting: 1, part: 'secrets' });
    for (let round = 0; round < 3; round += 1) {
      const failing = queue.run(true, () => Promise.reject(new Error('no')));
      const next = queue.run(true, async () => 'next');
      await expect(failing).rejects.toThrow('no');
      await expect(next).resolves.toBe('next');
    }
  });
});
