import { type Clock, systemClock } from '../core/clock.js';
import type { FailureBudget } from '../core/failure-budget.js';
import { LogLimiter } from '../core/log-limiter.js';
import { type Logger, silentLogger } from '../core/logger.js';
import type { Observation } from '../core/observation/observation.js';
import { PolicyTallies } from '../core/observation/policy-tally.js';
import { entriesOption } from '../core/options/index.js';
import { CircuitBreaker } from './circuit-breaker.js';
import {
  type CompiledThrottle,
  type CompiledThrottleDependencies,
  compileThrottle,
  fieldsWriter,
} from './compiled-throttle.js';
import { isMemoryEngine, memoryEngine } from './engines/memory.js';
import { failedAuthentications } from './failed-authentications.js';
import type { InlinePolicy, PolicyOptions } from './policy.js';
import { PolicyRegistry } from './policy-registry.js';
import { StoreGuard } from './store-guard.js';
import type { StoreState } from './store-reports.js';
import { checkOptions, type ThrottlingOptions, type WhenStoreFails } from './throttling-options.js';

/** What a throttle needs besides its options. */
export interface ThrottleDependencies {
  /** The clock of the engine. */
  readonly clock?: Clock;
  /** Receives what an operator should know. */
  readonly logger?: Logger;
  /** @internal Counts, tells and traces the decisions. */
  readonly observation?: Observation;
}

/** Throttles an application: compiles the policies of its actions and keeps the budget of failed authentications. */
export interface Throttle {
  /** The names of the declared policies. */
  readonly policyNames: readonly string[];
  /** The budget of failed authentications; `undefined`: there is none. */
  readonly failedAuthentications: FailureBudget;
  /** Whether the store can be asked; the same for all throttles on one engine. */
  readonly storeState: StoreState;
  /**
   * Combines the policies of one action, the global ones first; one that is named twice counts once.
   *
   * @param where names the action, for messages
   * @throws ConfigurationError if a name is unknown, or an inline policy is invalid
   */
  compile(policies: readonly (string | InlinePolicy)[], where?: string): CompiledThrottle;
  /**
   * Resolves when the engine's first connection is open or has failed. A server that waits for it before it listens
   * does not refuse its first requests for lack of a connection. In the mode `local` it also waits until this process
   * has a share of each limit, which takes two seconds if there are other processes.
   */
  ready(): Promise<void>;
  /** Closes the engine. */
  close(): Promise<void>;
}

const MEANWHILE: Readonly<Record<WhenStoreFails, string>> = {
  closed: 'throttled requests are answered with 503',
  open: 'requests are admitted without counting',
  local: 'each process counts for itself',
};

/**
 * Creates a throttle.
 *
 * @param options as the option `throttling` of `createOAuth2`; without an engine it counts in this process
 * @param dependencies the clock and the logger
 * @returns the throttle, which `close()` ends
 * @throws ConfigurationError if an option or a policy is invalid
 *
 * @example
 * ```ts
 * import { createThrottle, redisEngine } from 'routing-controllers-oauth2/throttling';
 *
 * // A throttle for something that is no action, e.g. a queue; close it at the end.
 * export const throttle = createThrottle(
 *   { engine: redisEngine({ redis: 'redis://localhost:6379' }), whenStoreFails: 'open' },
 *   { logger: console },
 * );
 * await throttle.ready();
 * ```
 */
export function createThrottle(options: ThrottlingOptions, dependencies: ThrottleDependencies = {}): Throttle {
  const { clock = systemClock, logger = silentLogger, observation } = dependencies;
  const checked = checkOptions(options);
  const { whenStoreFails, deadlineMilliseconds } = checked;
  const local = memoryEngine({ clock });
  const engine = options.engine ?? memoryEngine({ clock });
  const breaker = CircuitBreaker.of(engine, deadlineMilliseconds, clock);
  breaker.observe({ logger, meanwhile: MEANWHILE[whenStoreFails], onStateChange: options.onStoreStateChange });
  const guard = new StoreGuard({ engine, breaker, deadlineMilliseconds });
  const shared: CompiledThrottleDependencies = {
    guard,
    memory: isMemoryEngine(engine) ? engine : undefined,
    whenStoreFails,
    consumeLocally: (charges) =>
      engine.consumeAlone === undefined ? local.consume(charges) : engine.consumeAlone(charges),
    refundLocally: (charges, decision) => (engine.consumeAlone === undefined ? local : guard).refund(charges, decision),
    log: new LogLimiter(logger, clock),
    observation,
    writeFields: fieldsWriter(checked.fields, clock),
  };
  const registry = new PolicyRegistry(
    (rate, algorithm) => engine.prepare?.(rate, algorithm),
    observation?.statistics.policies ?? new PolicyTallies(),
  );
  for (const [name, declared] of entriesOption('throttling.policies', options.policies ?? {})) {
    registry.declare(name, declared as string | null | PolicyOptions);
  }
  const globalPolicies = (options.global ?? []).map((name, index) =>
    registry.find(name, `throttling.global[${index}]`),
  );
  if (checked.failedAuthentication !== null) engine.prepare?.(checked.failedAuthentication, 'fixed-window');
  return {
    policyNames: registry.declaredNames(),
    failedAuthentications: failedAuthentications(checked.failedAuthentication, {
      guard,
      local,
      clock,
      isExempt: checked.isExempt,
    }),
    get storeState() {
      return guard.state;
    },
    compile(policies, where = '@Throttle') {
      const own = policies.map((policy) =>
        typeof policy === 'string' ? registry.find(policy, where) : registry.inline(policy, where),
      );
      return compileThrottle([...new Set([...globalPolicies, ...own])], shared);
    },
    async ready() {
      await engine.ready?.();
      if (whenStoreFails === 'local') await engine.readyAlone?.();
    },
    async close() {
      await engine.close?.();
    },
  };
}
