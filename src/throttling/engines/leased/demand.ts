/** A lease is meant to last this long. A longer one saves calls, and keeps units from other processes. */
export const HORIZON_MILLISECONDS = 500;
/** From one lease of a key to the next, the size grows by no more than this factor. */
const GROWTH = 8;
/** The first lease of a key that is asked for often. */
const FIRST_SIZE = 8;
/** At most one part in `PARTS` x processes of what remains goes into one lease on speculation. */
const PARTS = 2;

/**
 * How many units to ask for on speculation: what is spent in the horizon at the pace since the ledger was last asked.
 * None for a key that is asked for rarely. The ledger also caps it to a share of what remains, and so to none near the
 * limit.
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

/** What the remainder is divided by, so that no lease takes so much that other processes run dry while it is spent. */
export function shareDivisor(processes: number): number {
  return PARTS * Math.max(1, processes);
}
