/** How long a lease should last. A longer lease saves calls, but keeps units from other processes. */
export const HORIZON_MILLISECONDS = 500;
/** The greatest factor by which the size grows from one lease of a key to the next. */
const GROWTH = 8;
/** The size of the first lease of a key that is requested often. */
const FIRST_SIZE = 8;
/** At most 1 / (`PARTS` x processes) of what remains goes into one speculative lease. */
const PARTS = 2;

/**
 * How many units to claim speculatively: what is spent within the horizon at the pace since the ledger was last asked.
 * None for a key that is requested rarely. The ledger also limits it to a share of what remains, and thus to none near
 * the limit.
 *
 * @param spent the units spent since then
 * @param elapsedMilliseconds the time since then
 * @param previous the units leased then
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

/** The divisor of the remainder, so that no lease takes so much that other processes run dry meanwhile. */
export function shareDivisor(processes: number): number {
  return PARTS * Math.max(1, processes);
}
