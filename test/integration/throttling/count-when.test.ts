import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createThrottle, type Throttle, type ThrottleAlgorithm } from '../../../src/throttling/index.js';
import { type EngineUnderTest, engines, onlyFixed, until } from '../../support/throttling/engines.js';
import { user } from '../../support/throttling/subjects.js';

const cases = Object.keys(engines).flatMap((name): [string, ThrottleAlgorithm][] =>
  onlyFixed.has(name)
    ? [[name, 'fixed-window']]
    : [
        [name, 'fixed-window'],
        [name, 'sliding-window'],
      ],
);
const LIMIT = 5;

describe.each(cases)('a policy that counts refusals, on an engine %s, %s', (name, algorithm) => {
  let under: EngineUnderTest;
  let throttles: Throttle[];

  beforeAll(async () => {
    under = await (engines[name] as () => Promise<EngineUnderTest>)();
    const all = [under.engine, ...(under.another === undefined ? [] : [under.another()])];
    const policies = { user: { rate: `${LIMIT}/h`, algorithm, countWhen: 'refused' as const } };
    throttles = all.map((engine) => createThrottle({ policies, engine, deadlineMilliseconds: 5000 }));
    await Promise.all(throttles.map((throttle) => throttle.ready()));
  });
  afterAll(() => under?.stop());

  /** One request, in one process or the other; `undefined` if it was refused. */
  let turn = 0;
  const ask = async (who: string, status: number) => {
    const compiled = throttles[turn++ % throttles.length]?.compile(['user']);
    const outcome = await compiled?.decide(user(who));
    if (outcome?.allowed !== true) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 2));
    outcome.settle?.(status);
    return status;
  };

  test('[TH-45] never lets more refusals pass than the limit, whatever else is answered meanwhile', async () => {
    const statuses = Array.from({ length: 120 }, (_, index) => (index % 3 === 0 ? 401 : 200));
    const answers = await Promise.all(statuses.map((status) => ask('alice', status)));
    let refusals = answers.filter((status) => status === 401).length;
    for (let round = 0; round < 10; round++) {
      refusals += (await Promise.all([401, 200, 401].map((status) => ask('alice', status)))).filter(
        (status) => status === 401,
      ).length;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(refusals).toBeLessThanOrEqual(LIMIT);
  });

  test('[TH-45] returns what does not count, so that it is there again for the others', async () => {
    for (let more = 0; more < 4 * LIMIT; more++) {
      // Units that another process has in hand come back within a moment.
      await until(async () => (await ask('bob', 200)) === 200, 'it is admitted');
    }
    let refusals = 0;
    await until(async () => {
      if ((await ask('bob', 401)) === 401) refusals++;
      return refusals === LIMIT;
    }, 'the limit is spent');
    expect(await Promise.all([ask('bob', 401), ask('bob', 401), ask('bob', 200)])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
