import { expect, test } from '@jest/globals';
import { RedisTokens } from '../../../src/resource-server/cache/redis-tokens.js';
import { active, VirtualClock } from '../../support/cache/verifications.js';

class BrokenClock extends VirtualClock {
  override nowMilliseconds(): number {
    throw new Error('no time');
  }
}

function withBrokenClock(): RedisTokens {
  const known = { epoch: { current: 'a run' }, marks: { generation: 1 } };
  const clock = new BrokenClock();
  const settings = { keyPrefix: '', policy: 'default', maxAgeMilliseconds: 1_000, deadlineMilliseconds: 100, clock };
  // It fails before it comes to a client.
  return new RedisTokens({ isCluster: false } as never, {} as never, known as never, settings as never);
}

test('if a call cannot be made at all, each of its reads is told, and none waits for ever', async () => {
  const tokens = withBrokenClock();
  const [one, other] = await Promise.allSettled([tokens.read('one'), tokens.read('other')]);
  expect([one, other]).toMatchObject(Array(2).fill({ status: 'rejected', reason: { message: 'no time' } }));
});

test('what cannot be stored in the background does not end the process', async () => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', listen);
  const ticket = { key: 'one', field: '3|default|a run', text: '?1.a', generation: 1 };
  withBrokenClock().fill(ticket, { token: active().token, foundAtMilliseconds: 1, generation: 1 });
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', listen);
  expect(unhandled).toEqual([]);
});
