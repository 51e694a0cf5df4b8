/** More slips than this make another word, however long it is. */
const MOST_EDITS = 4;

/** How many letters two names must share at their beginning for the one to count as an abbreviation of the other. */
const SHARED_BEGINNING = 5;

/** The known name that a mistyped one most likely means; `undefined` if none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const typed = folded(name);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = distanceBetween(typed, folded(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Case and separators are what people get wrong most: `max_entries`, `MaxEntries`. */
function folded(name: string): string {
  return name.replace(/[_\-\s.]/g, '').toLowerCase();
}

/** How far a typed name is from a known one; infinite if nobody who types the one means the other. */
function distanceBetween(typed: string, known: string): number {
  // What is much longer is something else, and need not be compared letter by letter.
  if (typed === '' || typed.length > 2 * known.length + 2) return Number.POSITIVE_INFINITY;
  const edits = editDistance(typed, known);
  if (edits <= Math.min(Math.max(1, Math.floor(known.length / 3)), MOST_EDITS)) return edits;
  const shared = sharedBeginning(typed, known);
  // `maxAge`, `deadlineMs`: the unit was left out or shortened.
  if (shared >= SHARED_BEGINNING && shared >= typed.length - 2) return edits;
  return Number.POSITIVE_INFINITY;
}

function sharedBeginning(left: string, right: string): number {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  return length;
}

/** Insertions, deletions, replacements, and two letters that changed places (optimal string alignment). */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] as number) + 1);
      }
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return last[right.length] as number;
}
