import type { Clock } from '../../core/clock.js';
import type { CallerPatience } from '../throttle-engine.js';

/**
 * Creates a function that tells whether the caller of a request has stopped waiting.
 *
 * @param patience the patience of the caller; without it the request waits for a number of milliseconds from
 *   `startedAt`
 */
export function patienceCheck(
  patience: CallerPatience | undefined,
  clock: Clock,
  startedAt: number,
  milliseconds: number,
): () => boolean {
  if (patience === undefined) {
    const until = startedAt + milliseconds;
    return () => clock.monotonicMilliseconds() > until;
  }
  const until = patience.turns + patience.patienceTurns;
  return () => patience.turns >= until;
}
