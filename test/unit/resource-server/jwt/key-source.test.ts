import { describe, expect, test } from '@jest/globals';
import type { PublicJwk } from '../../../../src/resource-server/verifiers/jwt/key-set.js';
import { RemoteKeys } from '../../../../src/resource-server/verifiers/jwt/key-source.js';

const keyOf = (kid: string): PublicJwk => ({ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid });
const DOWN = new Error('down');

/** An issuer whose answers the test gives, and a time that it moves. */
function world() {
  let now = 1_000_000;
  let answer: readonly PublicJwk[] | Error = [keyOf('one')];
  let hold: Promise<void> | undefined;
  const timers = new Set<{ at: number; work: () => void }>();
  const state = { fetches: 0, prepared: 0, reports: [] as string[] };
  const keys = new RemoteKeys({
    fetch: async () => {
      state.fetches += 1;
      await hold;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    prepare: (given) => {
      state.prepared += 1;
      return given.map(({ kid }) => kid);
    },
    clock: { nowMilliseconds: () => now, monotonicMilliseconds: () => now },
    reloadMilliseconds: 300_000,
    cooldownMilliseconds: 10_000,
    maximumAgeMilliseconds: 3_600_000,
    report: (change) =>
      void state.reports.push(change === 'recovered' ? change : change.hasKeys ? 'down with keys' : 'down without'),
    schedule: (work, milliseconds) => {
      const timer = { at: now + milliseconds, work };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  return {
    keys,
    state,
    get pauses() {
      return [...timers].map(({ at }) => at - now);
    },
    answer: (next: readonly PublicJwk[] | Error) => {
      answer = next;
    },
    holdBack: () => {
      let release = () => undefined as unknown;
      hold = new Promise((resolve) => {
        release = () => resolve();
      });
      return () => release();
    },
    async pass(milliseconds: number) {
      const end = now + milliseconds;
      for (;;) {
        const [next] = [...timers].sort((left, right) => left.at - right.at);
        if (next === undefined || next.at > end) break;
        now = next.at;
        timers.delete(next);
        next.work();
        await settled();
      }
      now = end;
    },
  };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the keys of an issuer', () => {
  test('are fetched when they are first needed, once for all who ask', async () => {
    const { keys, state } = world();
    expect(keys.current()).toBeUndefined();
    await Promise.all(Array.from({ length: 50 }, () => keys.refresh()));
    expect([state.fetches, keys.current()]).toEqual([1, ['one']]);
    await keys.ready();
    expect(state.fetches).toBe(1);
  });

  test('[RS-11 §4] are fetched for unknown keys once per cooldown at most', async () => {
    const { keys, state, pass } = world();
    await keys.ready();
    for (let second = 0; second < 60; second += 1) {
      await Promise.all(Array.from({ length: 20 }, () => keys.refresh()));
      await pass(1_000);
    }
    expect(state.fetches).toBe(1 + 5);
  });

  test('[RS-11 §4] also while the issuer is down', async () => {
    const { keys, state, answer, pass } = world();
    await keys.ready();
    answer(DOWN);
    await pass(10_000);
    const before = state.fetches;
    await Promise.all(Array.from({ length: 20 }, () => keys.refresh()));
    expect(state.fetches).toBe(before + 1);
    await Promise.all(Array.from({ length: 20 }, () => keys.refresh()));
    expect(state.fetches).toBe(before + 1);
    expect(keys.current()).toEqual(['one']);
  });

  test('are fetched again in the background, and made ready only if they changed', async () => {
    const { keys, state, answer, pass } = world();
    await keys.ready();
    await pass(300_000);
    expect([state.fetches, state.prepared]).toEqual([2, 1]);
    answer([keyOf('two')]);
    await pass(300_000);
    expect([state.fetches, state.prepared, keys.current()]).toEqual([3, 2, ['two']]);
  });

  test('are tried again after longer and longer pauses, up to a minute', async () => {
    const one = world();
    one.answer(DOWN);
    await one.keys.ready();
    const pauses: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      const [pause = 0] = one.pauses;
      pauses.push(pause / 1000);
      await one.pass(pause);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(one.keys.isDown).toBe(true);
    expect(one.keys.retryAfterSeconds).toBe(60);
    one.answer([keyOf('one')]);
    await one.pass(60_000);
    expect([one.keys.isDown, one.keys.current(), one.pauses]).toEqual([false, ['one'], [300_000]]);
    expect(one.state.reports.at(-1)).toBe('recovered');
  });

  test('stay good while the issuer is down, up to their greatest age', async () => {
    const { keys, answer, pass, state } = world();
    await keys.ready();
    answer(DOWN);
    await pass(3_599_000);
    expect([keys.current(), keys.isDown, state.reports[0]]).toEqual([['one'], true, 'down with keys']);
    await pass(1_000);
    expect(keys.current()).toBeUndefined();
    answer([keyOf('two')]);
    await pass(60_000);
    expect(keys.current()).toEqual(['two']);
  });

  test('are as old as the question, however long the answer took', async () => {
    const one = world();
    const release = one.holdBack();
    const asked = one.keys.ready();
    await one.pass(3_000_000);
    release();
    await asked;
    expect(one.keys.current()).toEqual(['one']);
    one.answer(DOWN);
    await one.pass(600_000);
    expect(one.keys.current()).toBeUndefined();
  });

  test('are not fetched any more once closed', async () => {
    const { keys, state, pass } = world();
    await keys.ready();
    keys.close();
    await pass(3_600_000);
    expect([keys.refresh(), state.fetches]).toEqual([undefined, 1]);
  });

  test('a timer does not begin a second fetch while one is under way', async () => {
    const one = world();
    await one.keys.ready();
    const release = one.holdBack();
    await one.pass(20_000);
    const asked = one.keys.refresh();
    await one.pass(600_000);
    expect(one.state.fetches).toBe(2);
    release();
    await asked;
    expect(one.pauses).toEqual([300_000]);
  });
});
