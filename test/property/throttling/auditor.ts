import { slides } from '../../../src/throttling/algorithm.js';
import { portionsOf } from '../../../src/throttling/engines/leased/portions.js';
import type { Charge, ChargeResult } from '../../../src/throttling/throttle-engine.js';
import { Accounts, type ModelLedger } from '../../support/throttling/model-ledger.js';

interface Admitted {
  readonly at: number;
  readonly generation: number;
  readonly id: number;
  units: number;
}

/** Looks at the fleet from outside: what was admitted when, and whether any policy is broken. */
export class Auditor {
  readonly #admitted = new Map<string, { readonly charge: Charge; readonly all: Admitted[] }>();
  readonly #complaints: string[] = [];

  /**
   * @param now the time at which the caller was admitted. What the ledger itself counted in a sliding window was
   * admitted when it counted; a slow answer makes nothing of it.
   */
  admit(charge: Charge, result: ChargeResult | undefined, now: number): Admitted[] {
    const entries = portionsOf(result).map(({ generation, id, units, deadline }) => ({
      at: slides(charge) && deadline === Number.NEGATIVE_INFINITY ? id : now,
      generation,
      id,
      units,
    }));
    // The id is the end of a fixed window; in a sliding one it is the time from which a leased unit was counted.
    for (const { at, id } of entries) {
      if (slides(charge) ? at > id : at >= id) this.#complaints.push(`${charge.key}: spent at ${at}, over at ${id}`);
    }
    let known = this.#admitted.get(charge.key);
    if (known === undefined) {
      known = { charge, all: [] };
      this.#admitted.set(charge.key, known);
    }
    known.all.push(...entries);
    return entries;
  }

  /** What breaks a policy, in words; nothing if all is well. */
  complaints(model: ModelLedger): string[] {
    const complaints = [...this.#complaints, ...model.mistakes];
    const spent = new Accounts();
    for (const [key, { charge, all }] of this.#admitted) {
      const { limit, windowMilliseconds } = charge;
      const spanLimit = slides(charge) ? limit : 2 * limit;
      for (const { at, generation, id, units } of all) {
        spent.add(key, generation, id, units);
        const inSpan = sum(all.filter((one) => one.at >= at && one.at < at + windowMilliseconds));
        if (inSpan > spanLimit) complaints.push(`${key}: ${inSpan} in the span from ${at}, at most ${spanLimit}`);
      }
      if (slides(charge)) continue;
      const own = model.windows.filter((one) => one.key === key);
      for (const { startsAt, endsAt } of own) {
        const inWindow = sum(all.filter(({ at }) => at >= startsAt && at < endsAt));
        if (inWindow > limit) complaints.push(`${key}: ${inWindow} in the window from ${startsAt}, at most ${limit}`);
      }
    }
    // Whatever was granted was spent, given back or lost: never two of these.
    for (const { place, id, units } of model.accounts.all()) {
      const more = spent.at(place, id) - units;
      if (more > 0) complaints.push(`${place} ${id}: ${more} units were both spent and given back, or never granted`);
    }
    return complaints;
  }
}

function sum(entries: readonly Admitted[]): number {
  return entries.reduce((total, { units }) => total + units, 0);
}
