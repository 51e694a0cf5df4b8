import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.js';
import { OAuth2Events } from '../../../src/core/events/events.js';
import { LogLimiter } from '../../../src/core/log-limiter.js';
import { silentLogger } from '../../../src/core/logger.js';
import { Observation } from '../../../src/core/observation/observation.js';
import type { TracedOperation } from '../../../src/core/observation/tracing.js';
import { createThrottle, type ThrottlingOptions } from '../../../src/throttling/index.js';
import { FailingStore } from '../../support/throttling/failing-store.js';
import { user } from '../../support/throttling/subjects.js';

function observed(options: ThrottlingOptions) {
  const observation = new Observation(new OAuth2Events(new LogLimiter(silentLogger, systemClock)));
  const operations: [TracedOperation, unknown][] = [];
  observation.tracing.tracer = {
    decided() {},
    around(operation, work) {
      const answer = work();
      operations.push([operation, answer]);
      return answer;
    },
  };
  const refusals: unknown[] = [];
  observation.events.on('throttle.refused', (refusal) => refusals.push({ ...refusal }));
  const compiled = createThrottle(options, { observation }).compile(Object.keys(options.policies ?? {}));
  const tallies = () =>
    [...observation.statistics.policies.all()].map(({ policy, allowed, refused, undecided, peak }) => ({
      ...{ policy, allowed, refused, undecided, peak },
    }));
  return { operations, refusals, tallies, ask: async () => compiled.decide(user('alice')) };
}

describe('what can be seen of a throttle', () => {
  test('is each wait for a store, and none in memory', async () => {
    const { ask, operations } = observed({ policies: { user: '3/h' }, engine: new FailingStore() });
    expect(await ask()).toMatchObject({ allowed: true, fields: { ratelimit: '"user";r=2;t=3600' } });
    // A span lasts as long as the promise.
    expect(operations).toEqual([['throttle.decide', expect.any(Promise)]]);
    const memory = observed({ policies: { user: '3/h' } });
    await memory.ask();
    expect(memory.operations).toEqual([]);
  });

  test('is each refusal, with the policies that refused and how long', async () => {
    const { ask, refusals, tallies } = observed({ policies: { user: '9/h', burst: '1/m' } });
    for (const allowed of [true, false]) expect(await ask()).toMatchObject({ allowed });
    await new Promise((resolve) => setImmediate(resolve));
    expect(refusals).toEqual([{ policies: ['burst'], retryAfterSeconds: 60 }]);
    expect(tallies()).toEqual([
      { policy: 'user', allowed: 1, refused: 0, undecided: 0, peak: expect.closeTo(1 / 9) },
      { policy: 'burst', allowed: 1, refused: 1, undecided: 0, peak: 1 },
    ]);
  });

  test('is only the policy of nothing that refused at once', async () => {
    const { ask, tallies } = observed({ policies: { user: '9/h', closed: '0/m' } });
    expect(await ask()).toMatchObject({
      ...{ allowed: false, retryAfterSeconds: 60 },
      fields: { 'ratelimit-policy': '"closed";q=0;w=60', ratelimit: '"closed";r=0;t=60' },
    });
    expect(tallies()).toMatchObject([
      { policy: 'user', refused: 0 },
      { policy: 'closed', refused: 1 },
    ]);
  });

  test.each(['closed', 'open', 'local'] as const)('is what the store did not decide (%s)', async (whenStoreFails) => {
    const store = new FailingStore();
    const { ask, tallies } = observed({ policies: { user: '9/h' }, engine: store, whenStoreFails });
    await ask();
    store.mode = 'reject';
    await ask();
    expect(tallies()).toMatchObject([{ policy: 'user', undecided: 1, allowed: whenStoreFails === 'local' ? 2 : 1 }]);
  });

  test('counts a request once for a policy of several rates', async () => {
    const store = new FailingStore();
    const { ask, tallies } = observed({ policies: { user: { rate: ['2/s', '2/h'] } }, engine: store });
    for (let more = 0; more < 2; more += 1) await ask();
    expect(tallies()).toEqual([{ policy: 'user', allowed: 2, refused: 0, undecided: 0, peak: 1 }]);
    await ask();
    store.mode = 'reject';
    await ask();
    expect(tallies()).toEqual([{ policy: 'user', allowed: 2, refused: 1, undecided: 1, peak: 1 }]);
  });

  test('is the greatest part of a limit that was used', async () => {
    const { ask, tallies } = observed({ policies: { user: { rate: ['4/s', '8/h'] } } });
    await ask();
    expect(tallies()).toMatchObject([{ peak: 0.25 }]);
  });
});
