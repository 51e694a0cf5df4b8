import { OverviewReader } from '../observability/history/read-overview.js';
import { Recorder } from '../observability/history/recorder.js';
import { LiveTokens } from '../observability/live-tokens.js';
import { Readings } from '../observability/readings.js';
import type { Basis } from './basis.js';
import type { Opened } from './opened.js';
import type { Storage } from './storage.js';
import type { Throttling } from './throttling.js';
import type { TokenVerification } from './token-verification.js';

/** What shows how this process, and all of them, are doing. */
export interface Observability {
  readonly readings: Readings;
  readonly recorder: Recorder;
  readonly overview: OverviewReader;
}

/** Creates what reads and records the state of this process, for metrics and pages. */
export function composeObservability(
  { clock, observation }: Basis,
  parts: { readonly storage: Storage; readonly throttling: Throttling; readonly verification: TokenVerification },
  opened: Opened,
): Observability {
  const { storage, throttling, verification } = parts;
  const { cache } = verification;
  const readings = new Readings({
    observation,
    cache: () => cache.reading(),
    isCacheShared: () => cache.sharedLevel?.()?.isUp,
    pool: () => storage.pool?.reading,
    throttle: () => (throttling.countedIn === 'process' ? undefined : throttling.throttle.storeState),
    liveTokens: new LiveTokens((atMost) => storage.tokens.countLive(atMost), clock),
  });
  const store = () => cache.history?.();
  const recorder = new Recorder({ readings, store, clock });
  opened.add(() => recorder.close());
  return { readings, recorder, overview: new OverviewReader(readings, recorder, store, clock) };
}
