import { describe, expect, test } from '@jest/globals';
import { LateEngine } from '../../../../src/throttling/engines/late-engine.js';
import { type Charge, memoryEngine, StoreAwayError, type ThrottleEngine } from '../../../../src/throttling/index.js';

const charges: readonly Charge[] = [{ key: 'k', tag: 'k', limit: 2, windowMilliseconds: 1000, cost: 1 }];
const decision = memoryEngine().consume(charges);
const rate = { limit: 2, windowSeconds: 1, windowMilliseconds: 1000 };
const patience = { turns: 0, patienceTurns: 10 };

/** An engine with every method, that records what it is asked. */
function recording() {
  const calls: unknown[][] = [];
  const listeners: (() => void)[] = [];
  const record =
    <Answer>(name: string, answer: Answer) =>
    (...parameters: unknown[]): Answer => {
      calls.push([name, ...parameters]);
      return answer;
    };
  const engine: ThrottleEngine = {
    consume: record('consume', decision),
    refund: record('refund', undefined),
    consumeAlone: record('consumeAlone', decision),
    consumeHeld: record('consumeHeld', decision),
    prepare: record('prepare', undefined),
    onConnected: (listener) => void listeners.push(listener),
    ready: record('ready', Promise.resolve()),
    readyAlone: record('readyAlone', Promise.resolve()),
    close: record('close', Promise.resolve()),
  };
  return { engine, calls, listeners };
}

describe('an engine whose store is not known yet', () => {
  test('behaves like a store that is not connected', async () => {
    const late = new LateEngine();
    expect(() => late.consume(charges)).toThrow(StoreAwayError);
    expect(() => late.consume(charges)).toThrow('The identity of the database is not known yet.');
    expect([late.consumeAlone(charges), late.consumeHeld(charges), late.refund(charges, decision)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await Promise.all([late.ready(), late.readyAlone(), late.close()]);
  });

  test('prepares and listens at the engine that comes, before and after it has come', () => {
    const late = new LateEngine();
    const { engine, calls, listeners } = recording();
    const [early, later] = [() => {}, () => {}];
    late.onConnected(early);
    late.prepare(rate, 'fixed-window');
    late.use(engine);
    expect([calls, listeners]).toEqual([[['prepare', rate, 'fixed-window']], [early]]);
    late.onConnected(later);
    late.prepare(rate, 'sliding-window');
    expect(calls.slice(1)).toEqual([['prepare', rate, 'sliding-window']]);
    expect(listeners.slice(1)).toEqual([later]);
  });

  test('asks the engine that has come, and gives its answers', async () => {
    const late = new LateEngine();
    const { engine, calls } = recording();
    late.use(engine);
    expect(late.consume(charges, patience)).toBe(decision);
    expect(late.consumeAlone(charges)).toBe(decision);
    expect(late.consumeHeld(charges)).toBe(decision);
    late.refund(charges, decision);
    await late.ready();
    await late.readyAlone();
    await late.close();
    expect(calls).toEqual([
      ['consume', charges, patience],
      ['consumeAlone', charges],
      ['consumeHeld', charges],
      ['refund', charges, decision],
      ['ready'],
      ['readyAlone'],
      ['close'],
    ]);
  });

  test('takes an engine that has only what an engine must have', async () => {
    const late = new LateEngine();
    late.prepare(rate, 'fixed-window');
    late.onConnected(() => {});
    for (let more = 0; more < 2; more += 1) {
      late.use({ consume: () => decision, refund() {} });
      late.prepare(rate, 'fixed-window');
      late.onConnected(() => {});
      expect(late.consume(charges)).toBe(decision);
      expect([late.consumeAlone(charges), late.consumeHeld(charges)]).toEqual([undefined, undefined]);
    }
    await Promise.all([late.ready(), late.readyAlone(), late.close()]);
    late.use({ consume: () => decision, refund() {} });
  });

  test('closes an engine that another one follows, and one that comes after the end', async () => {
    const late = new LateEngine();
    const [first, second, third] = [recording(), recording(), recording()];
    late.use(first.engine);
    late.use(second.engine);
    expect([first.calls, second.calls]).toEqual([[['close']], []]);
    await late.close();
    late.use(third.engine);
    expect(third.calls).toEqual([['close']]);
  });
});
