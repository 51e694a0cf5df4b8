import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import type { ThrottleAlgorithm } from '../../../src/throttling/algorithm.js';
import type { Claimed } from '../../../src/throttling/engines/leased/ledger.js';
import { CLAIM } from '../../../src/throttling/engines/redis/scripts/claim.js';
import { CLAIM_EACH } from '../../../src/throttling/engines/redis/scripts/claim-each.js';
import { GIVE_BACK } from '../../../src/throttling/engines/redis/scripts/give-back.js';
import { REGISTER } from '../../../src/throttling/engines/redis/scripts/register.js';
import { SLIDING_LOG } from '../../../src/throttling/engines/redis/scripts/sliding-log.js';
import { freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import { pause } from '../../support/throttling/engines.js';
import { ModelLedger } from '../../support/throttling/model-ledger.js';

const keyPrefix = freshKeyPrefix();
let redis: Redis;

beforeAll(() => {
  redis = new Redis(redisUrl());
});
afterAll(async () => {
  redis.disconnect();
  await removeKeys(redisUrl(), keyPrefix);
});

const units = fc.integer({ min: 0, max: 4 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('claim' as const),
      need: units,
      want: units,
      more: fc.integer({ min: 0, max: 30 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('giveBack' as const), which: fc.nat(), units }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('register' as const), units, left: fc.integer({ min: 1, max: 400 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('pass' as const), milliseconds: fc.integer({ min: 1, max: 60 }) }),
  },
);

test('in the scripts too, units that are returned after their time take nothing from others', async () => {
  const removeAt = (now: number) =>
    redis.eval(`${SLIDING_LOG} return log_remove({1000, 1, 1050, 1}, 1000, 1, ${now}, 20000)`, 0);
  expect(await removeAt(20_999)).toEqual([1050, 1]);
  expect(await removeAt(21_000)).toEqual([1000, 1, 1050, 1]);
});

/** The answer of the script for many, as the general one would have given it. */
function asGeneral([decision, now, generation, ...each]: number[], need: number): number[] {
  const [status = -1, remaining = 0, left = 0, extra = 0, soft = 0] = each;
  const spent = status === 1 && need + extra > 0;
  const end = spent ? (now as number) + left : 0;
  expect(decision).toBe(1);
  return [
    status,
    now as number,
    generation as number,
    status,
    remaining,
    left,
    end,
    extra,
    end,
    spent ? left : 0,
    soft,
  ];
}

test.each<[ThrottleAlgorithm, string]>([
  ['fixed-window', 'the general script'],
  ['sliding-window', 'the general script'],
  ['fixed-window', 'the script for many'],
])(
  'the scripts of the ledger and their model, on which the properties are proven, answer the same (%s, %s)',
  async (algorithm, script) => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 5, 40),
        fc.constantFrom(150, 300),
        fc.array(step, { minLength: 5, maxLength: 40 }),
        async (limit, windowMilliseconds, steps) => {
          const name = `${runs++}`;
          const key = `${keyPrefix}${algorithm}:${script}:${name}`;
          const marker = `${keyPrefix}marker`;
          await redis.eval("redis.call('SET', KEYS[1], cmsgpack.pack({1, 0, '', 0}))", 1, marker);
          let now = 0;
          const model = new ModelLedger(() => now);
          const sliding = algorithm === 'sliding-window' ? 1 : 0;
          const charge = { key: name, tag: '', limit, windowMilliseconds, cost: 0, algorithm };
          const ids: number[] = [];
          for (const one of steps) {
            if (one.what === 'pass') await pause(one.milliseconds);
            if (one.what === 'claim') {
              const { need, want, more } = one;
              const claim = [limit, windowMilliseconds, need, want, more, 4];
              const answer =
                script === 'the general script'
                  ? ((await redis.eval(CLAIM, 2, marker, key, 0, 1, sliding, ...claim)) as number[])
                  : asGeneral(
                      (await redis.eval(CLAIM_EACH, 2, marker, key, 0, JSON.stringify(claim))) as number[],
                      need,
                    );
              now = answer[1] as number;
              const modelled = model.claim([{ charge, need, want, more, divisor: 4 }]);
              if (modelled.decision === 'undecided') throw new Error('The model lost nothing.');
              const [expected] = modelled.claimed as [Claimed];
              expect([answer[0], answer[2], ...answer.slice(3)]).toEqual([
                modelled.decision === 'granted' ? 1 : 0,
                1,
                expected.fits ? 1 : 0,
                expected.available,
                expected.resetMilliseconds,
                expected.id,
                expected.extra,
                expected.extraId,
                expected.extraMilliseconds,
                expected.soft ? 1 : 0,
              ]);
              ids.push(expected.id, expected.extraId);
            }
            // These two do not tell their time; they are made alike by a claim right before that does.
            if (one.what === 'giveBack' && ids.length > 0) {
              const id = ids[one.which % ids.length] as number;
              model.giveBack([{ charge, generation: 1, id, units: one.units }]);
              await redis.eval(GIVE_BACK, 1, key, sliding, windowMilliseconds, 1, id, one.units);
            }
            if (one.what === 'register' && sliding === 0) {
              const ask = [0, 1, sliding, limit, windowMilliseconds, 0, 0, 0, 4];
              now = ((await redis.eval(CLAIM, 2, marker, key, ...ask)) as number[])[1] as number;
              const open = model.claim([{ charge, need: 0, want: 0, more: 0, divisor: 4 }]);
              // A window that is opened here begins at a time that is not known; one that is open is added to.
              if (open.decision === 'undecided' || open.claimed[0]?.available === limit) continue;
              const endsAt = now + (open.claimed[0]?.resetMilliseconds ?? 0);
              model.register([{ charge, units: one.units, leftMilliseconds: one.left }]);
              const { left } = one;
              await redis.eval(REGISTER, 2, marker, key, 1, sliding, limit, windowMilliseconds, one.units, left);
              const [seconds, microseconds] = await redis.time();
              // It may have opened another window, if this process was held up until then.
              if (Number(seconds) * 1000 + Number(microseconds) / 1000 >= endsAt) return;
            }
          }
        },
      ),
      { numRuns: 25, endOnFailure: true },
    );
  },
  120_000,
);
