import { TemporarilyUnavailableError } from '../../core/errors.js';
import type { EndpointThrottle } from '../server-dependencies.js';
import { PageError } from './page-error.js';
import type { Viewer } from './rendering/viewer.js';

/**
 * Counts an action of a user on a page.
 *
 * @throws PageError 429 if the user did it too often
 * @throws TemporarilyUnavailableError if it cannot be counted
 */
export async function countOf(throttle: EndpointThrottle | undefined, { id }: Viewer): Promise<void> {
  if (throttle === undefined) return;
  const counted = throttle(`user:${id}`);
  const { allowed, unavailable, retryAfterSeconds } = await counted;
  if (unavailable) throw new TemporarilyUnavailableError({ retryAfterSeconds });
  if (!allowed) throw new PageError(429, 'tooOften', { 'Retry-After': String(retryAfterSeconds) });
}
