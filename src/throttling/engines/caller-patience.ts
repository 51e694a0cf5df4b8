import type { Clock } from '../../core/clock.js';
import type { CallerPatience } from '../throttle-engine.js';

/**
 * Tells whether the caller of a request has stopped waiting.
 *
 * @param patience what the caller said; without it the request has so many milliseconds from `startedAt` on
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
