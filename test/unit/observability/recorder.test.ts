import { afterEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.js';
import { OAuth2Events } from '../../../src/core/events/events.js';
import { LogLimiter } from '../../../src/core/log-limiter.js';
import { silentLogger } from '../../../src/core/logger.js';
import type { HistoryStore, SlotCounts } from '../../../src/core/observation/history-store.js';
import { Observation } from '../../../src/core/observation/observation.js';
import { OverviewReader } from '../../../src/observability/history/read-overview.js';
import { Recorder } from '../../../src/observability/history/recorder.js';
import { LiveTokens } from '../../../src/observability/live-tokens.js';
import { Readings } from '../../../src/observability/readings.js';

/** Noon, so that slots begin at round times. */
const NOON = Date.UTC(2026, 10, 29, 12);

class FakeStore implements HistoryStore {
  isAvailable = true;
  fails = false;
  readonly added: { at: number; counts: SlotCounts }[] = [];

  async add(at: number, counts: SlotCounts): Promise<void> {
    if (this.fails) throw new Error('no answer');
    this.added.push({ at, counts: { ...counts } });
  }

  async read(): Promise<readonly SlotCounts[]> {
    if (this.fails) throw new Error('no answer');
    return [{ 'access:granted': 5, 'access:odd': 7, 'allowed:<b>': 1, 'allowed:user': 2, 'peak:user': 5_000 }];
  }
}

const recorders: Recorder[] = [];

function start(store?: HistoryStore) {
  const clock = { now: NOON, nowMilliseconds: () => clock.now, monotonicMilliseconds: () => clock.now };
  const observation = new Observation(new OAuth2Events(new LogLimiter(silentLogger, systemClock)));
  const readings = new Readings({
    observation,
    cache: () => ({ entries: 3, isProven: true, lagMilliseconds: undefined }),
    isCacheShared: () => undefined,
    pool: () => undefined,
    throttle: () => undefined,
    liveTokens: new LiveTokens(async () => 9, clock),
  });
  const recorder = new Recorder({ readings, clock, store: () => store });
  recorders.push(recorder);
  return { clock, readings, recorder, reader: new OverviewReader(readings, recorder, () => store, clock) };
}

afterEach(async () => {
  for (const recorder of recorders.splice(0)) await recorder.close();
});

describe('the counts of a process become slots of time', () => {
  test('each count is in the minute and the quarter of an hour in which it was taken, once', async () => {
    const { clock, readings, recorder, reader } = start();
    readings.statistics.access.granted += 2;
    await recorder.record();
    clock.now += 60_000;
    readings.statistics.access.granted += 1;
    readings.statistics.lookUps.process.active += 4;
    const { hour, day, source } = await reader.read();
    expect(source).toBe('process');
    expect(hour).toHaveLength(60);
    expect(day).toHaveLength(96);
    expect(hour.slice(-2).map(({ access }) => access)).toEqual([{ granted: 2 }, { granted: 1 }]);
    expect(hour.at(-1)).toMatchObject({ startsAtMilliseconds: NOON + 60_000, levels: { process: 4 } });
    expect(day.at(-1)).toMatchObject({ startsAtMilliseconds: NOON, access: { granted: 3 } });
  });

  test('what is older than a day is forgotten', async () => {
    const { clock, readings, recorder, reader } = start();
    readings.statistics.access.fault += 1;
    await recorder.record();
    clock.now += 86_400_000;
    const { day } = await reader.read();
    expect(day.some(({ access }) => access.fault !== undefined)).toBe(false);
  });

  test('the greatest use of a policy begins anew with each minute, and is kept in the slot', async () => {
    const { clock, readings, recorder, reader } = start();
    const tally = readings.statistics.policies.of('user');
    tally.allowed += 1;
    tally.peak = 0.75;
    await recorder.record();
    clock.now += 60_000;
    await recorder.record();
    expect(tally.recentPeak).toBe(0.75);
    clock.now += 60_000;
    await recorder.record();
    expect(tally.recentPeak).toBe(0);
    const { hour } = await reader.read();
    expect(Math.max(...hour.map(({ policies }) => policies.user?.peak ?? 0))).toBe(0.75);
  });
});

describe('the counts of all processes', () => {
  test('are sent as what was added, and nothing is sent where nothing happened', async () => {
    const store = new FakeStore();
    const { readings, recorder } = start(store);
    await recorder.record();
    readings.statistics.access.granted += 2;
    await recorder.record();
    readings.statistics.access.granted += 1;
    await recorder.record();
    await recorder.record();
    expect(store.added.map(({ counts }) => counts)).toEqual([{ 'access:granted': 2 }, { 'access:granted': 1 }]);
  });

  test('wait for a store that is away, and are never sent twice to one that did not answer', async () => {
    const store = new FakeStore();
    const { readings, recorder } = start(store);
    store.isAvailable = false;
    readings.statistics.access.granted += 2;
    await recorder.record();
    readings.statistics.access.granted += 3;
    await recorder.record();
    store.isAvailable = true;
    await recorder.record();
    expect(store.added.map(({ counts }) => counts)).toEqual([{ 'access:granted': 5 }]);
    store.fails = true;
    readings.statistics.access.granted += 1;
    await recorder.record();
    store.fails = false;
    await recorder.record();
    expect(store.added).toHaveLength(1);
  });

  test('show nothing that another writer has put there, and no share above the limit', async () => {
    const { hour, source } = await start(new FakeStore()).reader.read();
    expect(source).toBe('processes');
    expect(hour[0]).toMatchObject({ access: { granted: 5 } });
    expect(hour[0]?.policies).toEqual({ user: { allowed: 2, refused: 0, undecided: 0, peak: 1 } });
  });

  test('are those of this process where the store fails, and it is said', async () => {
    const store = new FakeStore();
    store.fails = true;
    const { readings, reader } = start(store);
    readings.statistics.access.granted += 2;
    const { source, hour } = await reader.read();
    expect(source).toBe('alone');
    expect(hour.at(-1)?.access).toEqual({ granted: 2 });
  });
});

describe('the number of live tokens', () => {
  test('is counted in the background, at most once a minute, and only while somebody asks', async () => {
    const clock = { now: 0, nowMilliseconds: () => clock.now, monotonicMilliseconds: () => clock.now };
    let counted = 0;
    const tokens = new LiveTokens(async (atMost) => {
      counted += 1;
      if (counted === 2) throw new Error('away');
      return Math.min(atMost, 250_000);
    }, clock);
    expect(tokens.known).toBeUndefined();
    expect(await tokens.counted()).toBe(100_000);
    expect([tokens.known, tokens.known, counted]).toEqual([100_000, 100_000, 1]);
    clock.now += 60_000;
    expect(tokens.known).toBe(100_000);
    expect(await tokens.counted()).toBe(100_000);
    await new Promise(setImmediate);
    expect([tokens.known, counted]).toEqual([undefined, 2]);
  });
});
