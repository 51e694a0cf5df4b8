import { describe, expect, test } from '@jest/globals';
import type { Claim, Claimed } from '../../../../../src/throttling/engines/leased/ledger.js';
import type { Charge } from '../../../../../src/throttling/throttle-engine.js';
import { engineOn } from '../../../../support/throttling/engine-on-ledger.js';
import { settled } from '../../../../support/throttling/fleet.js';

const WINDOW = 10_000;
const chargeOf = (key: string, cost = 1): Charge => ({
  ...{ key, tag: key, limit: 100, windowMilliseconds: WINDOW, cost },
});

/** An engine whose ledger answers so, in windows that began with the test, and what it was asked. */
function engineWith(answer: (claim: Claim) => Partial<Claimed>) {
  const asked: string[][] = [];
  const wire = { backMilliseconds: 0 };
  const made = engineOn({
    async claim(claims) {
      asked.push(claims.map(({ charge, need }) => `${charge.key} ${need}`));
      const left = WINDOW - ((clock.milliseconds - start) % WINDOW);
      const id = clock.milliseconds + left;
      const claimed = claims.map((claim) => ({
        ...{ fits: true, available: 50, resetMilliseconds: left, id, extra: 0, soft: false },
        ...{ extraId: id, extraMilliseconds: left, ...answer(claim) },
      }));
      clock.advance(wire.backMilliseconds);
      const granted = claimed.every(({ fits }) => fits);
      return { decision: granted ? 'granted' : 'refused', generation: 1, claimed };
    },
  });
  const { engine, clock } = made;
  const start = clock.milliseconds;
  return { ...made, asked, wire, ask: async (...charges: Charge[]) => engine.consume(charges) };
}

describe('a request to the ledger', () => {
  test('is for what no lease pays', async () => {
    const { ask, asked } = engineWith(({ charge }) => ({ extra: charge.key === 'hot' ? 9 : 0 }));
    await ask(chargeOf('hot'));
    const { results } = await ask(chargeOf('hot'), chargeOf('cold'));
    expect(asked).toEqual([['hot 1'], ['cold 1']]);
    expect(results).toMatchObject([{ portions: [{ units: 1 }] }, { portions: [{ units: 1 }] }]);
    await ask(chargeOf('hot', 20), chargeOf('cold'));
    expect(asked[2]).toEqual(['hot 12', 'cold 1']);
  });

  test('is made again if the window of the units of a lease was over when the answer came', async () => {
    const { ask, asked, clock, wire } = engineWith(() => ({ extra: asked.length === 1 ? 1 : 0 }));
    await ask(chargeOf('k'));
    clock.advance(WINDOW - 5);
    wire.backMilliseconds = 5;
    expect(await ask(chargeOf('k'))).toMatchObject({ allowed: true });
    // The unit of the lease paid at first.
    expect(asked).toEqual([['k 1'], ['k 0'], ['k 1']]);
  });

  test('is made again if the window of the granted units was over when the answer came', async () => {
    const { ask, asked, clock, wire } = engineWith(() => ({}));
    clock.advance(WINDOW - 5);
    wire.backMilliseconds = 5;
    const { results } = await ask(chargeOf('k'));
    expect(asked).toEqual([['k 1'], ['k 1']]);
    expect(results).toMatchObject([{ resetMilliseconds: WINDOW }]);
  });

  test('is not made again for a request that took nothing from a lease that is over', async () => {
    const { ask, asked, clock, wire } = engineWith(() => ({ extra: asked.length === 1 ? 9 : 0 }));
    await ask(chargeOf('k'));
    clock.advance(WINDOW - 5);
    wire.backMilliseconds = 5;
    expect(await ask(chargeOf('k', 0))).toMatchObject({ allowed: true });
    expect(asked).toEqual([['k 1'], ['k 0']]);
  });
});

test('what a lease paid for a request that the ledger refuses is in the lease again', async () => {
  const { ask, asked, engine } = engineWith(({ need }) => ({ extra: need === 1 ? 9 : 0, fits: need === 1 }));
  await ask(chargeOf('k'));
  expect(await ask(chargeOf('k', 20))).toMatchObject({ allowed: false, results: [{ remaining: 59 }] });
  expect(engine.consume([chargeOf('k', 6)])).toMatchObject({
    ...{ allowed: true, results: [{ remaining: 3, resetMilliseconds: WINDOW }] },
  });
  expect(asked).toEqual([['k 1'], ['k 11']]);
});

describe('units are claimed ahead', () => {
  test('when a quarter of a lease is left', async () => {
    const { ask, asked } = engineWith(() => ({ extra: asked.length === 1 ? 9 : 0 }));
    for (const cost of [1, 6, 1]) {
      expect(asked.length).toBeLessThan(2);
      await ask(chargeOf('k', cost));
    }
    expect(asked).toEqual([['k 1'], ['k 0']]);
  });

  test('not while another call for the key is in progress', async () => {
    const { ask, asked } = engineWith(() => ({ extra: asked.length === 1 ? 9 : 0 }));
    await ask(chargeOf('k'));
    const question = ask(chargeOf('k', 0));
    await ask(chargeOf('k', 8));
    await question;
    expect(asked).toEqual([['k 1'], ['k 0']]);
  });
});

test('units that were claimed ahead in vain are not claimed ahead again', async () => {
  const { ask, asked } = engineWith(() => ({ extra: asked.length === 1 ? 9 : 0 }));
  for (let request = 0; request < 9; request += 1) {
    expect(await ask(chargeOf('k'))).toMatchObject({ allowed: true });
    await settled();
  }
  // The last unit of the lease is left, and pays for no request alone.
  expect(asked).toEqual([['k 1'], ['k 0']]);
});

describe('a refusal that is remembered tells of the other charges what the ledger said last', () => {
  const refusing = () => {
    const left = { a: 50, b: 0 };
    const made = engineWith(({ charge, need }) => {
      const available = left[charge.key as keyof typeof left];
      return { available, fits: need <= available };
    });
    return { ...made, left };
  };

  test('for a second, without asking', async () => {
    const { ask, asked, clock } = refusing();
    for (const [pause, rounds] of [
      [0, 1],
      [1000, 1],
      [1, 2],
    ] as const) {
      clock.advance(pause);
      expect(await ask(chargeOf('a'), chargeOf('b'))).toMatchObject({
        allowed: false,
        results: [
          { allowed: true, remaining: 50 },
          { allowed: false, remaining: 0 },
        ],
      });
      expect(asked).toHaveLength(rounds);
    }
  });

  test('also to a request for one of them alone', async () => {
    const { ask, asked, left } = refusing();
    await ask(chargeOf('a'), chargeOf('b'));
    left.a = 40;
    await ask(chargeOf('a'));
    expect(await ask(chargeOf('a'), chargeOf('b'))).toMatchObject({ results: [{ remaining: 40 }, {}] });
    expect(asked).toHaveLength(2);
  });
});
