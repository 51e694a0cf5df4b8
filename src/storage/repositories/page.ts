/** A page of a list, newest first. */
export interface Page {
  /** The greatest number of entries, 1 to 1000; the default is 50. */
  readonly limit?: number;
  /** Only entries older than the row with this `id`, the last of the previous page. */
  readonly beforeId?: number;
}

const DEFAULT_LIMIT = 50;
const MAXIMUM_LIMIT = 1_000;

/** @throws TypeError if one of the two is out of range */
export function checkedPage({ limit = DEFAULT_LIMIT, beforeId }: Page): { limit: number; beforeId?: number } {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAXIMUM_LIMIT) {
    throw new TypeError(`limit is ${String(limit)}; use a whole number from 1 to ${MAXIMUM_LIMIT}.`);
  }
  if (beforeId !== undefined && !Number.isSafeInteger(beforeId)) {
    throw new TypeError(`beforeId is ${String(beforeId)}; use the id of a row, a whole number.`);
  }
  return { limit, beforeId };
}
