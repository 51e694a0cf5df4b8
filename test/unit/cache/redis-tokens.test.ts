import { expect, test } from '@jest/globals';
import { RedisTokens } from '../../../src/resource-server/cache/redis-tokens.js';
import { VirtualClock } from '../../support/cache/verifications.js';

class BrokenClock extends VirtualClock {
  override nowMilliseconds(): number {
    throw new Error('no time');
  }
}

test('if a call cannot be made at all, each of its reads is told, and none waits for ever', async () => {
  const known = { epoch: { current: 'a run' }, marks: { generation: 1 } };
  const clock = new BrokenClock();
  const settings = { keyPrefix: '', policy: 'default', maxAgeMilliseconds: 1_000, deadlineMilliseconds: 100, clock };
  // It fails before it comes to a client.
  const tokens = new RedisTokens({ isCluster: false } as never, {} as never, known as never, settings as never);
  const [one, other] = await Promise.allSettled([tokens.read('one'), tokens.read('other')]);
  expect([one, other]).toMatchObject(Array(2).fill({ status: 'rejected', reason: { message: 'no time' } }));
});
