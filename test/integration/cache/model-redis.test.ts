import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { defineTokenScripts } from '../../../src/resource-server/cache/redis-scripts.js';
import { ModelRedis } from '../../support/cache/model-redis.js';
import { SimulatedTime } from '../../support/cache/simulated-time.js';
import { freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';

const KEEP_MILLISECONDS = 90_000;
const HOUR_MICROSECONDS = 3_600_000_000;

const field = fc.constantFrom('default|run1', 'other|run1');
const text = fc.constantFrom('?ticket1', '?ticket2', 'a token');
const step = fc.oneof(
  fc.record({ name: fc.constant('Read' as const), field, text }),
  fc.record({ name: fc.constant('Fill' as const), field, text }),
  fc.record({ name: fc.constant('Release' as const), field, text }),
  fc.record({ name: fc.constant('Remove' as const) }),
  fc.record({ name: fc.constant('Publish' as const) }),
  fc.record({ name: fc.constant('Probe' as const), isAhead: fc.constantFrom(false, false, false, true) }),
  fc.record({
    name: fc.constant('Mark' as const),
    isAhead: fc.constant(false),
    mark: fc.constantFrom('u:1', 'a:1', '*'),
  }),
  fc.record({ name: fc.constant('HighestMark' as const), marks: fc.subarray(['u:1', 'a:1', '*']) }),
  fc.record({ name: fc.constant('LoseMarks' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

type Execute = (name: string, ...values: (string | number)[]) => unknown;

/** The same for two keys, which only some steps treat alike. */
function twice(...values: (string | number)[]): (string | number)[] {
  return [...values, ...values];
}

/** Runs commands; the generations in what is answered are told apart by their order alone, as the clocks differ. */
async function answersTo(
  steps: readonly Step[],
  prefix: string,
  now: () => number,
  execute: Execute,
): Promise<unknown[]> {
  const [token, other] = [`${prefix}token:1`, `${prefix}token:2`];
  const [marks, channel] = [`${prefix}token-marks`, `${prefix}channel`];
  let known = 0;
  const answers: unknown[] = [];
  for (const one of steps) {
    switch (one.name) {
      case 'Read':
        answers.push(...((await execute('tokenCacheRead', 2, token, other, 5_000, one.field, one.text)) as unknown[]));
        break;
      case 'Fill':
        answers.push(
          await execute('tokenCacheFill', 2, token, other, one.field, ...twice(one.text, 'a token', 30_000)),
        );
        break;
      case 'Release':
        answers.push(await execute('tokenCacheRelease', token, one.field, one.text));
        break;
      case 'Remove':
        answers.push(await execute('del', token));
        break;
      case 'LoseMarks':
        await execute('del', marks);
        break;
      case 'Publish':
        answers.push(await execute('tokenCachePublish', marks, channel, 'message'));
        break;
      case 'Probe':
      case 'Mark': {
        if (one.isAhead) known = Math.max(known, now() * 1000) + HOUR_MICROSECONDS;
        const values = [marks, channel, 'message', KEEP_MILLISECONDS, known] as const;
        const answer =
          one.name === 'Probe'
            ? ((await execute('tokenCacheProbe', ...values)) as [number, string])[1]
            : await execute('tokenCacheMark', ...values, one.mark);
        known = Number(answer);
        answers.push({ generation: known });
        break;
      }
      case 'HighestMark': {
        const highest = await execute('tokenCacheHighestMark', marks, ...one.marks);
        answers.push(highest === null ? null : { generation: Number(highest) });
      }
    }
  }
  const generations = answers.flatMap((each) =>
    typeof each === 'object' && each !== null ? [(each as { readonly generation: number }).generation] : [],
  );
  const ordered = [...new Set(generations)].sort((left, right) => left - right);
  return answers.map((each) =>
    typeof each === 'object' && each !== null
      ? `generation ${ordered.indexOf((each as { readonly generation: number }).generation)}`
      : each,
  );
}

describe('the scripts of the token cache', () => {
  const redis = new Redis(redisUrl());
  defineTokenScripts(redis);
  let prefix: string;

  beforeEach(() => {
    prefix = freshKeyPrefix();
  });
  afterEach(() => removeKeys(redisUrl(), prefix));
  afterAll(() => redis.quit());

  test('answer as the model of Redis does that the cache is proven on', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }), async (steps) => {
        runs += 1;
        const here = `${prefix}${runs}:`;
        const commands = redis as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
        const real = await answersTo(steps, here, Date.now, (name, ...values) => commands[name]?.(...values));
        const time = new SimulatedTime();
        const model = new ModelRedis(time);
        const modelled = await answersTo(
          steps,
          here,
          () => 1_700_000_000_000 + time.now,
          (name, ...values) => {
            time.now += 1;
            return model.execute(name, values);
          },
        );
        expect(modelled).toEqual(real);
      }),
      { numRuns: 300 },
    );
  });
});
