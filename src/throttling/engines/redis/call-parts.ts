import type { Charge } from '../../engine.js';

/** The greatest number of keys in one call that nobody waits for. */
const KEYS_PER_CALL = 100;

/**
 * Splits items into calls.
 *
 * @param byTag whether the keys of one call must have one tag, as on a Cluster
 */
export function callParts<Item extends { readonly charge: Charge }>(items: readonly Item[], byTag: boolean): Item[][] {
  const parts: Item[][] = [];
  const unfinished = new Map<string, Item[]>();
  for (const item of items) {
    const tag = byTag ? item.charge.tag : '';
    let part = unfinished.get(tag);
    if (part === undefined || part.length >= KEYS_PER_CALL) {
      part = [];
      unfinished.set(tag, part);
      parts.push(part);
    }
    part.push(item);
  }
  return parts;
}
