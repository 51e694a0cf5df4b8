import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WhenStoreFails } from '../../../src/throttling/index.js';
import { bundle } from '../../support/bundle.js';
import { type RedisProcess, startRedis } from '../../support/services.js';
import { pause } from '../../support/throttling/engines.js';
import { Outcomes, writeBetweenMarks } from './late/outcomes.js';
import { ENGINES, type EngineName, WAYS } from './late/protocol.js';
import { AWAKE, frozen, oneLateBy, type Situation } from './late/situations.js';
import { type Answer, countsOf, Stand } from './late/stand.js';

/** `npm run outcomes` measures every mode and writes the table of docs/throttling.md. */
const WRITES = process.env.OUTCOMES === 'write';

let redis: RedisProcess;
let program: string;
const outcomes = new Outcomes();

beforeAll(async () => {
  redis = await startRedis();
  program = await bundle(new URL('late/server.ts', import.meta.url), 'late-redis');
});
afterAll(async () => {
  await redis.stop();
  await rm(program, { force: true });
  if (WRITES) await writeBetweenMarks('docs/throttling.md', 'outcomes', outcomes.table(ENGINES));
});

interface Met {
  readonly answers: Answer[];
  readonly log: readonly string[];
}

async function meet(
  situation: Situation,
  engine: EngineName,
  whenStoreFails: WhenStoreFails,
  deadlineMilliseconds?: number,
  afterwards?: (stand: Stand) => Promise<void>,
): Promise<Met> {
  const { workMilliseconds = 0, ...others } = situation;
  const settings = { engine, whenStoreFails, workMilliseconds, deadlineMilliseconds };
  const stand = await Stand.start(program, redis, settings, others);
  try {
    const answers = await situation.run(stand);
    await afterwards?.(stand);
    return { answers, log: stand.log };
  } finally {
    await stand.stop();
  }
}

const downs = (log: readonly string[]) => log.filter((line) => line.includes('store is down'));

describe.each(ENGINES)('on the engine %s, over HTTP', (engine) => {
  for (const mode of WRITES ? WAYS : (['closed'] as const)) {
    test.each(AWAKE)(
      `[TH-65] while $name, nobody is refused (${mode})`,
      async (situation) => {
        const { answers, log } = await meet(situation, engine, mode);
        outcomes.add(situation.name, engine, mode, answers);
        const { '200': admitted, '503': unavailable } = countsOf(answers);
        // A machine that is much slower than the deadline allows costs requests their own answer, and never all others: the
        // store does not count as down.
        expect(admitted).toBeGreaterThan(0);
        expect(admitted + unavailable).toBe(answers.length);
        expect(downs(log)).toEqual([]);
      },
      60_000,
    );
  }

  test('[TH-50] an answer that is later than the deadline decides its own request, and no other one', async () => {
    // The next answer waits for the late one, but not for as long as the deadline; a busy machine has time to spare in both.
    const { answers, log } = await meet(oneLateBy(800), engine, 'closed', 500);
    const { '200': admitted, '503': unavailable } = countsOf(answers);
    // The answer that is late may be another one than the throttle's.
    expect(unavailable).toBeLessThanOrEqual(2);
    expect(admitted + unavailable).toBe(30);
    expect(downs(log)).toEqual([]);
  }, 60_000);

  test.each(WAYS)(
    '[TH-50] a frozen Redis costs a bounded time, and is used again when it goes on (%s)',
    async (mode) => {
      const { answers, log } = await meet(frozen, engine, mode, undefined, async (stand) => {
        stand.proxy.thaw();
        const end = Date.now() + 20_000;
        for (;;) {
          const [token] = (await stand.tokens(1)) as [string];
          const { status } = await stand.ask(token);
          if (status === 200 && stand.log.some((line) => line.includes('store is up again'))) return;
          if (Date.now() > end) throw new Error('Redis was not used again.');
          await pause(20);
        }
      });
      outcomes.add(frozen.name, engine, mode, answers);
      const counts = countsOf(answers);
      // Those that were on their way when it froze may have had their answer.
      if (mode === 'closed') expect(counts['503']).toBeGreaterThanOrEqual(answers.length - 10);
      else expect(counts).toEqual({ '200': answers.length, '429': 0, '503': 0, other: 0 });
      expect(Math.max(...answers.map(({ milliseconds }) => milliseconds))).toBeLessThan(10_000);
      // Once for the outage; once more where an answer from before it was read late and taken for a sign of life.
      expect([1, 2]).toContain(downs(log).length);
    },
    60_000,
  );
});
