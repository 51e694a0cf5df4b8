import { LiveTokens } from '../observability/live-tokens.js';
import { Readings } from '../observability/readings.js';
import type { Basis } from './basis.js';
import type { Storage } from './storage.js';
import type { Throttling } from './throttling.js';
import type { TokenVerification } from './token-verification.js';

/** Creates what reads the state of this process for metrics and pages. */
export function composeReadings(
  { clock, observation }: Basis,
  parts: { readonly storage: Storage; readonly throttling: Throttling; readonly verification: TokenVerification },
): Readings {
  const { storage, throttling, verification } = parts;
  return new Readings({
    observation,
    cache: () => verification.cache.reading(),
    isCacheShared: () => verification.cache.sharedLevel?.()?.isUp,
    pool: () => storage.pool?.reading,
    throttle: () => (throttling.countedIn === 'process' ? undefined : throttling.throttle.storeState),
    liveTokens: new LiveTokens((atMost) => storage.tokens.countLive(atMost), clock),
  });
}
