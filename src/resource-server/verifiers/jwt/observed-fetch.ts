import type { Clock } from '../../../core/clock.js';
import type { Observation } from '../../../core/observation/observation.js';

/** A fetch of an issuer's keys that is told, and traced. */
export function observedFetch<Key>(
  issuer: string,
  { events, tracing }: Observation,
  clock: Clock,
  fetch: () => Promise<readonly Key[]>,
): () => Promise<readonly Key[]> {
  return async () => {
    const began = clock.monotonicMilliseconds();
    const tell = (succeeded: boolean, count: number) =>
      events.tell('keys.fetched', () => ({
        issuer,
        succeeded,
        milliseconds: clock.monotonicMilliseconds() - began,
        count,
      }));
    try {
      const keys = await tracing.around('keys.fetch', fetch);
      tell(true, keys.length);
      return keys;
    } catch (error) {
      tell(false, 0);
      throw error;
    }
  };
}
