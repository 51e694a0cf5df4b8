import type { FailureBudget } from '../core/failure-budget.js';
import type { StoreState } from '../core/observation/outcomes.js';
import { refuseOption } from '../core/options/index.js';
import type { IdentitySource } from '../core/shared-identity.js';
import type { OAuth2Options } from '../options.js';
import { LateEngine } from '../throttling/engines/late-engine.js';
import {
  createThrottle,
  type KeyedThrottle,
  keyedThrottle,
  leasedEngine,
  type Throttle,
  type ThrottlingOptions,
} from '../throttling/index.js';
import type { Basis } from './basis.js';
import type { Opened } from './opened.js';

/**
 * The throttles, all on one engine and so behind one circuit breaker (`CircuitBreaker.of`). Without Redis and without an
 * engine of the host, each counts in its own memory, which is always available.
 */
export interface Throttling {
  /** The throttle of the actions, with the policies of the host; it has the budget of failed authentications. */
  readonly throttle: Throttle;
  /** Where the requests are counted: in this process, in the option `redis`, or by an engine of the host's. */
  readonly countedIn: 'process' | 'redis' | 'engine';
  /** Creates a throttle for endpoints that are not actions; global policies do not apply to it. `null`: no limit. */
  forEndpoint(name: string, rate: string | null): KeyedThrottle;
  /** Creates a separate budget of failures; `null` for no limit. */
  failureBudget(rate: string | null): FailureBudget;
}

/** @throws ConfigurationError if an option or a policy is invalid */
export function composeThrottling(
  options: OAuth2Options,
  { clock, logger, keyPrefix, observation }: Basis,
  identity: IdentitySource | undefined,
  opened: Opened,
): Throttling {
  const withEngine = withDefaultEngine(options, { clock, logger, keyPrefix }, identity);
  const { engine } = withEngine;
  if (engine !== options.throttling?.engine) opened.add(async () => engine?.close?.());
  const { onStoreStateChange } = withEngine;
  // One function for all throttles on the engine: it is called once for each change.
  const told = (state: StoreState, error?: unknown) => {
    observation.events.tell('store.changed', () => ({ store: 'throttle', state }));
    onStoreStateChange?.(state, error);
  };
  const make = (own: ThrottlingOptions) =>
    createThrottle({ ...withEngine, onStoreStateChange: told, ...own }, { clock, logger, observation });
  const throttle = make({});
  const ofEndpoints = make({ policies: {}, global: [] });
  return {
    throttle,
    countedIn: options.throttling?.engine !== undefined ? 'engine' : engine === undefined ? 'process' : 'redis',
    forEndpoint: (name, rate) =>
      keyedThrottle(
        ofEndpoints,
        { name: `authorization-server:${name}`, rate },
        `authorizationServer.throttling.${name}`,
      ),
    failureBudget: (rate) => make({ policies: {}, global: [], failedAuthentication: rate }).failedAuthentications,
  };
}

/**
 * If the host has not chosen an engine, requests are counted with leases in Redis if there is one, otherwise in this
 * process.
 *
 * The counters belong to the database, whose identity becomes known later. A database without an identity belongs to a
 * deployment whose older processes count without it, and so does this one until the database is migrated.
 */
function withDefaultEngine(
  { redis, throttling = {} }: OAuth2Options,
  { keyPrefix, ...others }: Pick<Basis, 'clock' | 'logger' | 'keyPrefix'>,
  identity: IdentitySource | undefined,
): ThrottlingOptions {
  if (redis === undefined || identity === undefined || throttling.engine !== undefined) return throttling;
  const { deadlineMilliseconds, whenLedgerIsLost, ...rest } = throttling;
  if (/[{}]/.test(keyPrefix)) {
    refuseOption('keyPrefix', keyPrefix, 'leave braces out: they mark the slot of a Redis Cluster');
  }
  const engine = new LateEngine();
  identity.subscribe((known) => {
    const prefix = known === undefined ? keyPrefix : `${keyPrefix}${known.id}:`;
    engine.use(
      leasedEngine({ redis, keyPrefix: `${prefix}throttle:`, deadlineMilliseconds, whenLedgerIsLost, ...others }),
    );
  });
  return { ...rest, deadlineMilliseconds, engine };
}
