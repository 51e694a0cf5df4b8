import { describe, expect, test } from '@jest/globals';
import {
  createThrottle,
  type FailureReservation,
  memoryEngine,
  type ThrottleEngine,
} from '../../../src/throttling/index.js';
import { failures, setUp } from '../../support/throttling/failing-store.js';
import { VirtualClock } from '../../support/throttling/virtual-clock.js';

describe('the budget of failed authentications', () => {
  const reserve = async (throttle: ReturnType<typeof setUp>['throttle'], address = 'ip:1') =>
    throttle.failedAuthentications.reserve(address);
  /** A try that fails. */
  const failed = async (throttle: ReturnType<typeof setUp>['throttle'], address?: string) => {
    const reservation = await reserve(throttle, address);
    reservation.fail();
    return reservation;
  };

  test('refuses an address whose failures used it up, and tells how long', () => {
    const throttle = createThrottle({ failedAuthentication: '2/m' }, { clock: new VirtualClock() });
    const ask = (address: string) => {
      const reservation = throttle.failedAuthentications.reserve(address) as FailureReservation;
      reservation.fail();
      return reservation;
    };
    expect([ask('ip:1'), ask('ip:1')]).toMatchObject([{ allowed: true, retryAfterSeconds: 0 }, { allowed: true }]);
    expect(ask('ip:1')).toMatchObject({ allowed: false, retryAfterSeconds: 60 });
    expect(ask('ip:2')).toMatchObject({ allowed: true });
  });

  test('is not touched by authentications that succeed, however often they are released', async () => {
    const throttle = createThrottle({ failedAuthentication: '2/m' });
    for (let more = 0; more < 10; more++) {
      const reservation = await reserve(throttle);
      expect(reservation.allowed).toBe(true);
      reservation.release();
      reservation.release();
      reservation.fail();
    }
    expect((await failed(throttle)).allowed).toBe(true);
    expect((await failed(throttle)).allowed).toBe(true);
    const refused = await failed(throttle);
    refused.release();
    expect((await reserve(throttle)).allowed).toBe(false);
  });

  test('[TH-48] a try waits for those under way, which may not fail; no more than the budget are looked at', async () => {
    const throttle = createThrottle({ failedAuthentication: '3/m' });
    const known: (FailureReservation | undefined)[] = Array.from({ length: 20 });
    known.forEach((_, index) => void reserve(throttle).then((one) => (known[index] = one)));
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    const [places, answered] = [
      () => known.filter((one) => one?.allowed),
      () => known.filter((one) => one !== undefined),
    ];
    await settled();
    expect([places().length, answered().length]).toEqual([3, 3]);
    // Each success lets one of those that wait go on.
    for (let more = 4; more <= 10; more += 1) {
      places()[more - 4]?.release();
      await settled();
      expect([places().length, answered().length]).toEqual([more, more]);
    }
    // Three failures use the budget up: all that wait are refused.
    for (const one of places().slice(7)) one?.fail();
    await settled();
    expect([places().length, answered().length]).toEqual([10, 20]);
  });

  test('tries under way are no failures to those who count failures alone', async () => {
    const { failedAuthentications } = createThrottle({ failedAuthentication: '2/m' });
    for (let more = 0; more < 2; more += 1) await failedAuthentications.reserve('ip:1');
    expect(failedAuthentications.fail('ip:1')).toBe(0);
    expect(failedAuthentications.retryAfterSeconds('ip:1')).toBe(0);
  });

  test('is 300 a minute by default, and none at null', async () => {
    const allowed = async (throttle: ReturnType<typeof createThrottle>) => {
      let count = 0;
      for (let more = 0; more < 400; more++) if ((await failed(throttle)).allowed) count++;
      return count;
    };
    expect(await allowed(createThrottle({}))).toBe(300);
    expect(await allowed(createThrottle({ failedAuthentication: null }))).toBe(400);
  });

  test.each(failures)('is counted in this process while the store fails (%s), in every mode', async (failure) => {
    for (const mode of ['closed', 'open', 'local'] as const) {
      const { store, throttle } = setUp(mode, '1/h', { failedAuthentication: '2/m' });
      store.mode = failure;
      expect(await failed(throttle)).toMatchObject({ allowed: true });
      expect(await failed(throttle)).toMatchObject({ allowed: true });
      const refused = await failed(throttle);
      expect(refused).toMatchObject({ allowed: false });
      expect(refused.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    }
  });

  test('counts failures alone, and knows without asking when it is spent and until when', () => {
    const clock = new VirtualClock();
    const { failedAuthentications } = createThrottle({ failedAuthentication: '2/m' }, { clock });
    const known = () => failedAuthentications.retryAfterSeconds('ip:1');
    expect([known(), failedAuthentications.fail('ip:1'), known()]).toEqual([0, 0, 0]);
    expect([failedAuthentications.fail('ip:1'), known()]).toEqual([0, 60]);
    expect(failedAuthentications.fail('ip:1')).toBe(60);
    expect(failedAuthentications.retryAfterSeconds('ip:2')).toBe(0);
    clock.advance(59_001);
    expect(known()).toBe(1);
    clock.advance(999);
    expect([known(), failedAuthentications.fail('ip:1'), known()]).toEqual([0, 0, 0]);
  });

  test.each(failures)(
    'failures are counted in this process while the store fails (%s), in every mode',
    async (failure) => {
      for (const mode of ['closed', 'open', 'local'] as const) {
        const { store, throttle } = setUp(mode, '1/h', { failedAuthentication: '2/m' });
        store.mode = failure;
        const { failedAuthentications } = throttle;
        expect([await failedAuthentications.fail('ip:1'), await failedAuthentications.fail('ip:1')]).toEqual([0, 0]);
        expect(failedAuthentications.retryAfterSeconds('ip:1')).toBeGreaterThan(0);
        expect(await failedAuthentications.fail('ip:1')).toBeGreaterThan(0);
      }
    },
  );

  test('returns where it was taken', async () => {
    const { store, throttle } = setUp('closed', '1/h', { failedAuthentication: '1/m' });
    const shared = await reserve(throttle);
    store.mode = 'throw';
    const local = await reserve(throttle);
    expect([shared.allowed, local.allowed]).toEqual([true, true]);
    shared.release();
    expect(store.refunds).toHaveLength(1);
    local.release();
    expect((await failed(throttle)).allowed).toBe(true);
    expect((await failed(throttle)).allowed).toBe(false);
    expect(store.refunds).toHaveLength(1);
  });

  test('has a failure counted once, also if the store answers after it was counted in this process', async () => {
    const { store, throttle } = setUp('open', '1/h', { failedAuthentication: '2/m' });
    store.mode = 'hang';
    expect(await throttle.failedAuthentications.fail('ip:1')).toBe(0);
    expect(store.refunds).toHaveLength(0);
    store.thaw();
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.refunds).toMatchObject([[{ tag: 'ip:1', cost: 1 }]]);
  });

  test('has counters of its own, one for tries, which come back, and one for failures', async () => {
    const seen: unknown[] = [];
    const memory = memoryEngine();
    const engine: ThrottleEngine = {
      consume(charges) {
        seen.push(...charges);
        return memory.consume(charges);
      },
      refund() {},
    };
    const { failedAuthentications } = createThrottle({ engine, failedAuthentication: '2/m' });
    await failedAuthentications.reserve('ip:1');
    await failedAuthentications.fail('ip:1');
    const rate = { tag: 'ip:1', limit: 2, windowMilliseconds: 60_000, cost: 1 };
    expect(seen).toEqual([
      { ...rate, key: '!try:2/60:ip:1', mayBeRefunded: true },
      { ...rate, key: '!auth:2/60:ip:1', mayBeRefunded: false },
    ]);
  });

  test('that is used up lets nobody wait less than a second', () => {
    const clock = new VirtualClock();
    const { failedAuthentications } = createThrottle({ failedAuthentication: '1/m' }, { clock });
    expect(failedAuthentications.fail('ip:1')).toBe(0);
    expect(failedAuthentications.retryAfterSeconds('ip:1')).toBe(60);
    clock.advance(59_999);
    expect([failedAuthentications.retryAfterSeconds('ip:1'), failedAuthentications.fail('ip:1')]).toEqual([1, 1]);
    clock.advance(1);
    expect(failedAuthentications.retryAfterSeconds('ip:1')).toBe(0);
    expect(failedAuthentications.fail('ip:1')).toBe(0);
  });

  test('is none at null, whoever asks', async () => {
    const { failedAuthentications } = createThrottle({ failedAuthentication: null });
    expect([failedAuthentications.fail('ip:1'), failedAuthentications.retryAfterSeconds('ip:1')]).toEqual([0, 0]);
    const reservation = await failedAuthentications.reserve('ip:1');
    expect([reservation.allowed, reservation.retryAfterSeconds]).toEqual([true, 0]);
    reservation.release();
    reservation.fail();
  });
});
