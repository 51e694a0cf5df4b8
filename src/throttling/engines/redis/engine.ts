import type { Cluster, Redis } from 'ioredis';
import { type Clock, systemClock } from '../../../core/clock.js';
import { clockOption, knownOptions } from '../../../core/options/index.js';
import type { RedisClient } from '../../../core/redis-client.js';
import { slides } from '../../algorithm.js';
import { StoreLateError } from '../../store-errors.js';
import {
  type CallerPatience,
  type Charge,
  type ChargeResult,
  DEFAULT_DEADLINE_MILLISECONDS,
  type ThrottleDecision,
  type ThrottleEngine,
} from '../../throttle-engine.js';
import { groupByTag } from '../by-tag.js';
import { patienceCheck } from '../caller-patience.js';
import { countedResult, windowEndOf } from '../counted.js';
import { checkDeadline, checkKeyPrefix } from '../engine-options.js';
import { closeRedis, firstConnection, isCluster, openRedis } from './connection.js';
import { CODES, CONSUME_ANSWER, CONSUME_HEAD, CONSUME_ITEM, CONSUMED_ITEM, REFUND_ITEM } from './protocol.js';
import { appendRow, rowStart } from './rows.js';
import { type NamedScript, ScriptCalls } from './script-calls.js';
import { CONSUME } from './scripts/consume.js';
import { REFUND } from './scripts/refund.js';
import { ServerClock } from './server-clock.js';

export interface RedisEngineOptions {
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
  /** The clock, for tests. Default: the system's. */
  readonly clock?: Clock | undefined;
}

const WHERE = 'redisEngine';
const OPTIONS = ['redis', 'keyPrefix', 'deadlineMilliseconds', 'clock'] as const;
/** The names include a version, because another version of this package may have other scripts on the same client. */
const SCRIPTS = {
  consume: { name: 'routingControllersOAuth2Consume3', lua: CONSUME },
  refund: { name: 'routingControllersOAuth2Refund4', lua: REFUND },
} satisfies Record<string, NamedScript>;
/** How often a call is repeated that was late by the server's clock; each answer reports that clock. */
const MAXIMUM_ATTEMPTS = 4;

/**
 * Creates an engine that counts in Redis, shared by all processes: one script call per request decides on all its
 * charges, and calls of the same moment travel together. On a Cluster the charges of one principal are one call; those
 * of several are decided one after the other, and given back if a later one refuses.
 *
 * @param options the Redis; times in milliseconds
 * @returns what `throttling.engine` takes
 * @throws ConfigurationError if an option is wrong or ioredis is not installed
 *
 * @example
 * ```ts
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { redisEngine } from 'routing-controllers-oauth2/throttling';
 *
 * // One call to Redis per request, where leases are not wanted.
 * export const oauth2 = createOAuth2({
 *   database: ':memory:',
 *   throttling: { policies: { user: '100/m' }, engine: redisEngine({ redis: 'redis://localhost:6379' }) },
 * });
 * ```
 */
export function redisEngine(options: RedisEngineOptions): ThrottleEngine {
  const {
    redis,
    keyPrefix = 'oauth2:throttle:',
    deadlineMilliseconds = DEFAULT_DEADLINE_MILLISECONDS,
    clock = systemClock,
  } = knownOptions<RedisEngineOptions>(WHERE, options, OPTIONS, 'give an object, at least { redis }');
  checkKeyPrefix(WHERE, keyPrefix);
  checkDeadline(WHERE, deadlineMilliseconds);
  clockOption('redisEngine.clock', clock);
  return new RedisEngine(openRedis(redis, WHERE), keyPrefix, deadlineMilliseconds, clock);
}

class RedisEngine implements ThrottleEngine {
  private readonly client: Redis | Cluster;
  private readonly calls: ScriptCalls;
  private readonly keyPrefix: string;
  private readonly deadlineMilliseconds: number;
  private readonly clock: Clock;
  private readonly serverClock: ServerClock;
  /** Pending until the first connection is open or its first attempt has failed. */
  private starting: Promise<void> | undefined;

  constructor(client: Redis | Cluster, keyPrefix: string, deadlineMilliseconds: number, clock: Clock) {
    this.client = client;
    this.calls = new ScriptCalls(client, Object.values(SCRIPTS));
    this.keyPrefix = keyPrefix;
    this.deadlineMilliseconds = deadlineMilliseconds;
    this.clock = clock;
    this.serverClock = new ServerClock(clock, !isCluster(client), deadlineMilliseconds);
    this.starting = firstConnection(client).then(() => {
      this.starting = undefined;
    });
  }

  async consume(charges: readonly Charge[], patience?: CallerPatience): Promise<ThrottleDecision> {
    if (this.starting !== undefined) {
      const now = this.clock.monotonicMilliseconds();
      const isOver = patienceCheck(patience, this.clock, now, this.deadlineMilliseconds);
      await this.starting;
      if (isOver()) throw new StoreLateError('Redis was not connected in time.');
    }
    if (!isCluster(this.client) || charges.every(({ tag }) => tag === charges[0]?.tag)) {
      return this.consumeTogether(charges);
    }
    return this.consumeByTag(charges);
  }

  async refund(charges: readonly Charge[], decision: ThrottleDecision): Promise<void> {
    if (!decision.allowed) return;
    const groups = isCluster(this.client) ? groupsOf(charges) : [charges.map((_, index) => index)];
    await Promise.all(
      groups.map((group) => {
        const keys: string[] = [];
        const parameters: number[] = [];
        for (const index of group) {
          const charge = charges[index] as Charge;
          const endsAt = windowEndOf(decision.results[index]);
          if (endsAt === undefined) continue;
          keys.push(this.key(charge));
          const { cost, windowMilliseconds } = charge;
          appendRow(parameters, REFUND_ITEM, { cost, endsAt, windowMilliseconds, slides: slides(charge) });
        }
        return keys.length === 0 ? undefined : this.calls.call(SCRIPTS.refund, keys, parameters);
      }),
    );
  }

  onConnected(listener: () => void): void {
    this.client.on('ready', listener);
  }

  async ready(): Promise<void> {
    await this.starting;
  }

  async close(): Promise<void> {
    // Calls of this turn (refunds) are sent at its end.
    await new Promise((resolve) => setImmediate(resolve));
    await closeRedis(this.client);
  }

  private async consumeTogether(charges: readonly Charge[]): Promise<ThrottleDecision> {
    const keys = charges.map((charge) => this.key(charge));
    for (let attempt = 1; ; attempt++) {
      const parameters: number[] = [];
      appendRow(parameters, CONSUME_HEAD, { notAfter: this.serverClock.notAfter() });
      for (const charge of charges) {
        const { cost, limit, windowMilliseconds } = charge;
        appendRow(parameters, CONSUME_ITEM, { cost, limit, windowMilliseconds, slides: slides(charge) });
      }
      const answer = await this.calls.call(SCRIPTS.consume, keys, parameters);
      this.serverClock.heard(answer[CONSUME_ANSWER.at.now] ?? 0);
      const decision = answer[CONSUME_ANSWER.at.decision] ?? CODES.tooLate;
      if (decision >= 0) return readDecision(charges, answer);
      // Late by the server's clock: it was set forward, or another server took over. Now its time is known.
      if (attempt === MAXIMUM_ATTEMPTS) throw new StoreLateError('The call reached Redis too late.');
    }
  }

  private async consumeByTag(charges: readonly Charge[]): Promise<ThrottleDecision> {
    const results: (ChargeResult | undefined)[] = charges.map(() => undefined);
    const spent: { charges: Charge[]; decision: ThrottleDecision }[] = [];
    let allowed = true;
    try {
      for (const group of groupsOf(charges)) {
        // After a refusal the other charges are only queried, so that the answer reports each of them.
        const asked = group.map((index) => charges[index] as Charge);
        const decision = await this.consumeTogether(allowed ? asked : asked.map(withoutCost));
        decision.results.forEach((result, position) => {
          const index = group[position] as number;
          const fits = result.allowed && (allowed || result.remaining >= (charges[index] as Charge).cost);
          results[index] = { ...result, allowed: fits };
        });
        if (allowed && decision.allowed) spent.push({ charges: asked, decision });
        allowed &&= decision.allowed;
      }
    } catch (error) {
      await this.giveBack(spent);
      throw error;
    }
    if (!allowed) await this.giveBack(spent);
    const units = new Map(spent.flatMap((group) => group.charges.map(({ key, cost }) => [key, cost])));
    return {
      allowed,
      results: results.map((result, index) => {
        const back = allowed ? 0 : (units.get((charges[index] as Charge).key) ?? 0);
        return { ...(result as ChargeResult), remaining: (result as ChargeResult).remaining + back };
      }),
    };
  }

  /** Best effort: what cannot be refunded stays spent, which is stricter. */
  private async giveBack(spent: readonly { charges: Charge[]; decision: ThrottleDecision }[]): Promise<void> {
    await Promise.all(spent.map(({ charges, decision }) => this.refund(charges, decision).catch(() => {})));
  }

  private key({ tag, key }: Charge): string {
    return `${this.keyPrefix}{${tag}}${key}`;
  }
}

function readDecision(charges: readonly Charge[], answer: readonly number[]): ThrottleDecision {
  const { at } = CONSUMED_ITEM;
  const serverNow = answer[CONSUME_ANSWER.at.now] as number;
  const results = charges.map((charge, index) => {
    const start = rowStart(CONSUME_ANSWER, CONSUMED_ITEM, index);
    const left = answer[start + at.leftMilliseconds] as number;
    const windowEnd = serverNow + (slides(charge) ? charge.windowMilliseconds : left);
    return countedResult(charge, answer[start + at.fits] === 1, answer[start + at.used] as number, left, windowEnd);
  });
  return { allowed: answer[CONSUME_ANSWER.at.decision] === CODES.granted, results };
}

/** The positions of the charges of each tag. */
function groupsOf(charges: readonly Charge[]): number[][] {
  return groupByTag(
    charges.map((_, index) => index),
    (index) => (charges[index] as Charge).tag,
  );
}

function withoutCost(charge: Charge): Charge {
  return { ...charge, cost: 0 };
}
