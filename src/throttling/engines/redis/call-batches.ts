import type { Charge } from '../../throttle-engine.js';

/** The greatest number of keys in a call that nobody waits for. */
const KEYS_PER_CALL = 100;

/**
 * Splits items into calls.
 *
 * @param byTag whether the keys of one call must have one tag, as on a Cluster
 */
export function splitIntoCalls<Item extends { readonly charge: Charge }>(
  items: readonly Item[],
  byTag: boolean,
): Item[][] {
  const calls: Item[][] = [];
  const unfinished = new Map<string, Item[]>();
  for (const item of items) {
    const tag = byTag ? item.charge.tag : '';
    let call = unfinished.get(tag);
    if (call === undefined || call.length >= KEYS_PER_CALL) {
      call = [];
      unfinished.set(tag, call);
      calls.push(call);
    }
    call.push(item);
  }
  return calls;
}
