/** A lease is to last for so long. Longer ones save calls, and keep units from other processes. */
export const HORIZON_MILLISECONDS = 500;
/** From one lease to the next of a key, the size grows by no more than this factor. */
const GROWTH = 8;
/** The first lease of a key that is asked for often. */
const FIRST_SIZE = 8;
/** Of what remains, at most one part in `PARTS` x processes goes into one lease on speculation. */
const PARTS = 2;

/**
 * How many units to ask for on speculation, g - 1: what is spent in the horizon at the pace since the ledger was asked
 * last. None for a key that is asked for rarely; the ledger caps it further to a share of what remains, and so to none
 * near the limit.
 *
 * @param spent units since then
 * @param elapsedMilliseconds time since then
 * @param previous what was leased then
 */
export function speculativeUnits(
  spent: number,
  elapsedMilliseconds: number,
  previous: number,
  horizonMilliseconds: number,
): number {
  const demand = Math.floor((spent * horizonMilliseconds) / Math.max(1, elapsedMilliseconds));
  return Math.max(0, Math.min(demand, Math.max(FIRST_SIZE, previous * GROWTH)));
}

/** The divisor of what remains: no lease takes so much that the other processes run dry while it is spent. */
export function shareDivisor(processes: number): number {
  return PARTS * Math.max(1, processes);
}
