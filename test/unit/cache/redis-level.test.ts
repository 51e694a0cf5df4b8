import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TemporarilyUnavailableError } from '../../../src/core/errors.js';
import { MessageAuthenticator } from '../../../src/resource-server/cache/message-authenticator.js';
import { RedisLevel, type RedisLevelDependencies } from '../../../src/resource-server/cache/redis-level.js';
import { SimulatedTime } from '../../support/cache/simulated-time.js';

describe('an invalidation', () => {
  let time: SimulatedTime;
  /** What Redis does with a command. */
  let answer: () => Promise<void>;
  let level: RedisLevel;

  beforeEach(() => {
    time = new SimulatedTime();
    time.install();
    level = new RedisLevel(
      {
        client: { status: 'ready' },
        tokens: { remove: () => answer() },
        scripts: { tokenCachePublish: async () => {} },
      } as unknown as RedisLevelDependencies,
      {
        marksKey: 'marks',
        channel: 'invalidations',
        completeFrom: () => undefined,
        deadlineMilliseconds: 50,
        maxAgeMilliseconds: 30_000,
        clock: { nowMilliseconds: () => time.now, monotonicMilliseconds: () => time.now },
        logger: console,
        authenticator: new MessageAuthenticator('a database', [Buffer.alloc(32, 1)]),
        onStateChange: undefined,
      },
    );
  });
  afterEach(() => {
    level.close();
    SimulatedTime.uninstall();
  });

  /** Begins one, and says how it ended and when. */
  const invalidate = () => {
    const outcome: { at?: number; error?: unknown } = {};
    level.invalidate({ kind: 'token', key: 'a key' }, []).then(
      () => Object.assign(outcome, { at: time.now }),
      (error: unknown) => Object.assign(outcome, { at: time.now, error }),
    );
    return outcome;
  };

  test('[RS-16] is given up after two seconds in the foreground, also if the last attempt has no answer yet, and goes on', async () => {
    let sent = 0;
    answer = () => {
      sent += 1;
      // Away at first, then silent until the time-out of a command.
      return time.now < 1_500
        ? Promise.reject(new Error('Connection is closed.'))
        : time.wait(1_000).then(() => Promise.reject(new Error('Command timed out')));
    };
    const outcome = invalidate();
    await time.advance(2_000);
    expect(outcome).toEqual({ at: 2_000, error: expect.any(TemporarilyUnavailableError) });
    const before = sent;
    answer = async () => {
      sent += 1;
    };
    await time.advance(5_000);
    expect(sent).toBeGreaterThan(before);
  });

  test('[RS-16] is acknowledged when Redis has it', async () => {
    answer = () => time.wait(900);
    const outcome = invalidate();
    await time.advance(899);
    expect(outcome).toEqual({});
    await time.advance(1);
    expect(outcome).toEqual({ at: 900 });
  });
});
