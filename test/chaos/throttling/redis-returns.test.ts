import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bundle } from '../../support/bundle.js';
import { type RedisProcess, startRedis } from '../../support/services.js';
import { pause } from '../../support/throttling/engines.js';
import { type Answer, countsOf, Stand } from './late/stand.js';

let redis: RedisProcess;
let program: string;
/** What was met while a Redis of its own was away, each in its way; both at the same time, for they are mostly waiting. */
let met: Record<string, Promise<Met>>;

beforeAll(async () => {
  redis = await startRedis();
  program = await bundle(new URL('late/server.ts', import.meta.url), 'redis-returns');
});
afterAll(async () => {
  await redis.stop();
  await rm(program, { force: true });
});

/** Asks again and again until it is stopped. */
function callers(stand: Stand, token: string) {
  const answers: Answer[] = [];
  let stopped = false;
  const asking = (async () => {
    while (!stopped) {
      answers.push(await stand.ask(token));
      await pause(20);
    }
  })();
  return {
    answers,
    async stop() {
      stopped = true;
      await asking;
    },
  };
}

interface Way {
  away(one: RedisProcess): void | Promise<void>;
  back(one: RedisProcess): void | Promise<void>;
}

const ways: Record<string, Way> = {
  // Longer than a membership is renewed without a gap, and than a silent socket is kept.
  killed: { away: (one) => one.kill(), back: (one) => one.restart() },
  frozen: { away: (one) => one.freeze(), back: (one) => one.thaw() },
};

interface Met {
  readonly answers: readonly Answer[];
  readonly log: readonly string[];
}

async function meet({ away, back }: Way): Promise<Met> {
  const own = await startRedis();
  const settings = { engine: 'leased', whenStoreFails: 'local', workMilliseconds: 0, rate: '5000/hour' } as const;
  const stand = await Stand.start(program, own, settings, { processes: 2 });
  try {
    const [token] = (await stand.tokens(1)) as [string];
    const { answers, stop } = callers(stand, token);
    await pause(500);
    await away(own);
    await pause(7000);
    await back(own);
    await pause(5000);
    await stop();
    return { answers, log: stand.log };
  } finally {
    await stand.stop();
    await own.stop();
  }
}

describe.each(Object.keys(ways))('while a Redis that was %s for seconds comes back', (how) => {
  test('[TH-50] the mode `local` answers no 503, in no process', async () => {
    met ??= Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, meet(way)]));
    const { answers, log } = await (met[how] as Promise<Met>);
    expect(countsOf(answers)).toEqual({ '200': answers.length, '429': 0, '503': 0, other: 0 });
    expect(answers.length).toBeGreaterThan(100);
    const told = (text: string) => log.filter((line) => line.includes(text)).length;
    expect([told('store is down'), told('store is up again')]).toEqual([2, 2]);
  }, 60_000);
});

test('[TH-50] by default, a Redis that has lost what it counted refuses nobody once it is back, and each process logs once what that means', async () => {
  const settings = { engine: 'leased', whenStoreFails: 'closed', workMilliseconds: 0, rate: '5/day' } as const;
  const stand = await Stand.start(program, redis, settings, { processes: 2 });
  try {
    const [token] = (await stand.tokens(1)) as [string];
    for (let more = 0; more < 5; more++) expect((await stand.ask(token)).status).toBe(200);
    expect((await stand.ask(token)).status).toBe(429);
    await redis.kill();
    const [unknown] = (await stand.tokens(1)) as [string];
    expect((await stand.ask(unknown)).status).toBe(503);
    await redis.restart();
    const losses = () => stand.log.filter((line) => line.includes('has lost its counters'));
    for (const end = Date.now() + 20_000; losses().length < 2 && Date.now() < end; ) await pause(20);
    const [fresh] = (await stand.tokens(1)) as [string];
    const statuses: number[] = [];
    for (let more = 0; more < 6; more++) statuses.push((await stand.ask(fresh)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    expect(losses()).toHaveLength(2);
    for (const line of losses()) expect(line).toMatch(/windows start again.*whenLedgerIsLost: 'restart'/);
  } finally {
    await stand.stop();
  }
}, 60_000);
