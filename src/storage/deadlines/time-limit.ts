/**
 * Calls `giveUp` when the time is over, unless the returned function is called before.
 *
 * Answers that have arrived by then are still read first: a process that was busy itself must not attribute its own
 * delay to the database.
 */
export function timeLimit(milliseconds: number, giveUp: () => void): () => void {
  let isOver = false;
  const unlessOver = () => {
    if (!isOver) giveUp();
  };
  const timer = setTimeout(() => setImmediate(() => setImmediate(unlessOver)), Math.max(0, milliseconds));
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
