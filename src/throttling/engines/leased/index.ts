import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../../../core/clock.js';
import { type Logger, silentLogger } from '../../../core/logger.js';
import {
  choiceOption,
  clockOption,
  knownOptions,
  loggerOption,
  wholeNumberOption,
} from '../../../core/options/index.js';
import type { RedisClient } from '../../../core/redis-client.js';
import { DEFAULT_DEADLINE_MILLISECONDS, type ThrottleEngine } from '../../throttle-engine.js';
import { checkDeadline, checkKeyPrefix } from '../engine-options.js';
import { openRedis } from '../redis/connection.js';
import { RedisLedger } from '../redis/ledger.js';
import { LeasedEngine, type LeasedStatistics } from './engine.js';
import { WAYS_AFTER_LOSS, type WhenLedgerIsLost } from './ledger.js';

export interface LeasedEngineOptions {
  /** A URL (`redis://…`, `rediss://…`), or an ioredis client (Sentinel too) or Cluster, which is duplicated. */
  readonly redis: string | RedisClient;
  /**
   * The prefix of every key; default `oauth2:throttle:`. It must not contain braces, which mark the slot of a Cluster.
   */
  readonly keyPrefix?: string | undefined;
  /**
   * How long a caller waits for a decision, in milliseconds; default 500, as in the throttle. A call that reaches a server
   * (not a Cluster) more than a second later than that is not carried out, because nobody waits for it.
   */
  readonly deadlineMilliseconds?: number | undefined;
  /** How many keys this process remembers; default 100 000, at least 1000. A forgotten key costs a call. */
  readonly maxKeys?: number | undefined;
  /** Default `restart`. */
  readonly whenLedgerIsLost?: WhenLedgerIsLost | undefined;
  /** Receives one line for each loss of the ledger's counters. */
  readonly logger?: Logger | undefined;
  /** The clock, for tests. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** The engine, with its statistics. */
export interface LeasedThrottleEngine extends ThrottleEngine {
  /** What the engine has done so far. */
  readonly statistics: LeasedStatistics;
}

const WHERE = 'leasedEngine';
const OPTIONS = [
  'redis',
  'keyPrefix',
  'deadlineMilliseconds',
  'maxKeys',
  'whenLedgerIsLost',
  'logger',
  'clock',
] as const satisfies readonly (keyof LeasedEngineOptions)[];
/** Fewer would not cover the requests that are under way. */
const MINIMUM_KEYS = 1000;
const DEFAULT_MAXIMUM_KEYS = 100_000;

/**
 * Creates an engine that is exact across processes, and mostly decides in memory: a process leases units of a limit
 * from the ledger in Redis and spends them by itself.
 *
 * Guarantees:
 * 1. Every unit that is admitted was counted in the ledger before, in the window in which it is admitted, and no window
 *   counts more than its limit. So no number of processes, crashes, lost or late answers admits more.
 * 2. A lease ends before its window does: its time is measured on the monotonic clock from the moment before the claim
 *   was sent, and lasts as long as the ledger said was left.
 * 3. Units that are lost (with an answer, a process, or an expired lease) stay spent: all processes together may admit
 *   less, never more.
 * 4. The claims of one request are granted together or not at all, and units that leases paid for a refused request are
 *   returned.
 * 5. Units are returned only to the window they came from, and leave this process first.
 *
 * Leases grow with the demand for a key and are capped to a share of what remains. Near the limit there are none, and
 * each request asks. A key that is asked for rarely costs one call per request; one that is over its limit costs none
 * until its window ends.
 *
 * @param options the Redis; times in milliseconds
 * @returns what `throttling.engine` takes, with its statistics
 * @throws ConfigurationError if an option is wrong or ioredis is not installed
 *
 * @example
 * ```ts
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { leasedEngine } from 'routing-controllers-oauth2/throttling';
 *
 * // Counters on a Redis of their own.
 * export const oauth2 = createOAuth2({
 *   database: ':memory:',
 *   throttling: { policies: { user: '100/m' }, engine: leasedEngine({ redis: 'redis://counters:6379' }) },
 * });
 * ```
 */
export function leasedEngine(options: LeasedEngineOptions): LeasedThrottleEngine {
  const {
    redis,
    keyPrefix = 'oauth2:throttle:',
    deadlineMilliseconds = DEFAULT_DEADLINE_MILLISECONDS,
    maxKeys = DEFAULT_MAXIMUM_KEYS,
    whenLedgerIsLost = 'restart',
    logger = silentLogger,
    clock = systemClock,
  } = knownOptions<LeasedEngineOptions>(WHERE, options, OPTIONS, 'give an object, at least { redis }');
  checkKeyPrefix(WHERE, keyPrefix);
  checkDeadline(WHERE, deadlineMilliseconds);
  wholeNumberOption('leasedEngine.maxKeys', maxKeys, { least: MINIMUM_KEYS });
  choiceOption('leasedEngine.whenLedgerIsLost', whenLedgerIsLost, WAYS_AFTER_LOSS);
  loggerOption('leasedEngine.logger', logger);
  clockOption('leasedEngine.clock', clock);
  const client = openRedis(redis, WHERE);
  const waitAfterLoss = whenLedgerIsLost === 'wait';
  const ledger = new RedisLedger({ client, keyPrefix, deadlineMilliseconds, waitAfterLoss, clock, logger });
  return new LeasedEngine({ ledger, clock, maxKeys, deadlineMilliseconds, member: randomUUID(), every });
}

function every(milliseconds: number, run: () => void): { stop(): void } {
  const timer = setInterval(run, milliseconds).unref();
  return { stop: () => clearInterval(timer) };
}
