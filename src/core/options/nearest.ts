/** With more edits it is another word, however long it is. */
const MOST_EDITS = 4;

/** How many letters two names must share at the start for one to count as an abbreviation of the other. */
const SHARED_BEGINNING = 5;

/** The known name that a mistyped one most likely stands for; `undefined` if none is similar. */
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

/**
 * Asks whether a known name was meant; empty if none is near.
 *
 * @param written how the known name is written in the message
 */
export function suggestion(name: string, known: readonly string[], written = (meant: string) => meant): string {
  const meant = nearest(name, known);
  return meant === undefined ? '' : `did you mean ${written(meant)}?`;
}

/** Case and separators are the most frequent mistakes: `max_entries`, `MaxEntries`. */
function folded(name: string): string {
  return name.replace(/[_\-\s.]/g, '').toLowerCase();
}

/** The distance between a typed and a known name; infinite if one cannot be meant for the other. */
function distanceBetween(typed: string, known: string): number {
  // A much longer text is something else and need not be compared.
  if (typed === '' || typed.length > 2 * known.length + 2) return Number.POSITIVE_INFINITY;
  const edits = editDistance(typed, known);
  if (edits <= Math.min(Math.max(1, Math.floor(known.length / 3)), MOST_EDITS)) return edits;
  const shared = sharedBeginning(typed, known);
  // `maxAge`, `deadlineMs`: the unit is missing or abbreviated.
  if (shared >= SHARED_BEGINNING && shared >= typed.length - 2) return edits;
  return Number.POSITIVE_INFINITY;
}

function sharedBeginning(left: string, right: string): number {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  return length;
}

/** Counts insertions, deletions, replacements and transpositions (optimal string alignment). */
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
