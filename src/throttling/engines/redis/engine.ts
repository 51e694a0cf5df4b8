import type { Cluster, Redis } from 'ioredis';
import { type Clock, systemClock } from '../../../core/clock.js';
import { knownOptions } from '../../../core/options/index.js';
import type { RedisClient } from '../../../core/redis-client.js';
import { slides } from '../../algorithm.js';
import {
  type CallerPatience,
  type Charge,
  type ChargeResult,
  DEFAULT_DEADLINE_MILLISECONDS,
  type ThrottleDecision,
  type ThrottleEngine,
} from '../../engine.js';
import { StoreLateError } from '../../store-errors.js';
import { countedResult, windowEndOf } from '../counted.js';
import { checkDeadline, checkKeyPrefix } from '../engine-options.js';
import { away, closeRedis, firstConnection, isCluster, openRedis, whereverItIs } from './connection.js';
import { CONSUME, REFUND } from './scripts/consume.js';

export interface RedisEngineOptions {
  /** A URL (`redis://…`, `rediss://…`), or an ioredis client (Sentinel too) or Cluster, which is duplicated. */
  readonly redis: string | RedisClient;
  /** Before every key; default `oauth2:throttle:`. It must not hold a brace: those mark the slot of a Cluster. */
  readonly keyPrefix?: string | undefined;
  /**
   * How long a caller waits for a decision, in milliseconds; default 500, as in the throttle. What reaches a server (not
   * a Cluster) more than a second later than that is not counted any more: nobody waits for it.
   */
  readonly deadlineMilliseconds?: number | undefined;
  readonly clock?: Clock | undefined;
}

const WHERE = 'redisEngine';
const OPTIONS = ['redis', 'keyPrefix', 'deadlineMilliseconds', 'clock'] as const;
/** The names carry a version: another version of this package may have other scripts on the same client. */
const CONSUME_COMMAND = 'routingControllersOAuth2Consume2';
const REFUND_COMMAND = 'routingControllersOAuth2Refund2';
/** Commands for this many keys are there from the start, and are pipelined. */
const PREPARED_KEYS = 4;
/** How far the estimate of the server's clock may be off: time on the wire and of a busy event loop. */
const CLOCK_MARGIN_MILLISECONDS = 1000;

/** How often what came too late by the server's clock is sent again, with what the answer told of that clock. */
const MAXIMUM_ATTEMPTS = 4;

type ScriptCommand = (...parameters: (string | number)[]) => Promise<number[]>;

/**
 * Makes an engine that counts in Redis, shared by all processes: one script call per request decides on all its
 * charges, and calls of the same moment travel together. On a Cluster the charges of one principal are one call;
 * those of several are decided one after the other, and given back if a later one refuses.
 *
 * @throws ConfigurationError if an option is wrong or ioredis is not installed
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
  return new RedisEngine(openRedis(redis, WHERE), keyPrefix, deadlineMilliseconds, clock);
}

class RedisEngine implements ThrottleEngine {
  readonly #client: Redis | Cluster;
  readonly #commands: Record<string, ScriptCommand>;
  readonly #defined = new Set<string>();
  readonly #keyPrefix: string;
  readonly #deadlineMilliseconds: number;
  readonly #clock: Clock;
  /** The server's clock less ours, as of the last answer; `undefined` before it, and always on a Cluster. */
  #serverOffset: number | undefined;
  /** Pending until the first connection stands or its first attempt has failed. */
  #starting: Promise<void> | undefined;

  constructor(client: Redis | Cluster, keyPrefix: string, deadlineMilliseconds: number, clock: Clock) {
    this.#client = client;
    this.#commands = client as unknown as Record<string, ScriptCommand>;
    this.#keyPrefix = keyPrefix;
    this.#deadlineMilliseconds = deadlineMilliseconds;
    this.#clock = clock;
    for (let keys = 1; keys <= PREPARED_KEYS; keys++) {
      this.#define(CONSUME_COMMAND, CONSUME, keys);
      this.#define(REFUND_COMMAND, REFUND, keys);
    }
    this.#starting = firstConnection(client).then(() => {
      this.#starting = undefined;
    });
  }

  async consume(charges: readonly Charge[], patience?: CallerPatience): Promise<ThrottleDecision> {
    const isOver = this.#patienceFromNow(patience);
    if (this.#starting !== undefined) {
      await this.#starting;
      if (isOver()) throw new StoreLateError('Redis was not connected in time.');
    }
    if (!isCluster(this.#client) || charges.every(({ tag }) => tag === charges[0]?.tag)) {
      return this.#consumeTogether(charges);
    }
    return this.#consumeByTag(charges);
  }

  async refund(charges: readonly Charge[], decision: ThrottleDecision): Promise<void> {
    if (!decision.allowed) return;
    const groups = isCluster(this.#client) ? groupByTag(charges) : [charges.map((_, index) => index)];
    await Promise.all(
      groups.map((group) => {
        const counted = group.filter((index) => windowEndOf(decision.results[index]) !== undefined);
        if (counted.length === 0) return undefined;
        const keys = counted.map((index) => this.#key(charges[index] as Charge));
        const parameters = counted.flatMap((index) => [
          (charges[index] as Charge).cost,
          windowEndOf(decision.results[index]) as number,
          slides(charges[index] as Charge) ? (charges[index] as Charge).windowMilliseconds : 0,
        ]);
        return this.#call(REFUND_COMMAND, REFUND, keys, parameters);
      }),
    );
  }

  onConnected(listener: () => void): void {
    this.#client.on('ready', listener);
  }

  async ready(): Promise<void> {
    await this.#starting;
  }

  async close(): Promise<void> {
    // What was asked for in this turn (a refund) is sent at its end.
    await new Promise((resolve) => setImmediate(resolve));
    await closeRedis(this.#client);
  }

  async #consumeTogether(charges: readonly Charge[]): Promise<ThrottleDecision> {
    const keys = charges.map((charge) => this.#key(charge));
    for (let attempt = 1; ; attempt++) {
      const parameters = [this.#notAfter()];
      for (const charge of charges) {
        parameters.push(charge.cost, charge.limit, charge.windowMilliseconds, slides(charge) ? 1 : 0);
      }
      const answer = await this.#call(CONSUME_COMMAND, CONSUME, keys, parameters);
      const [decision = -1, serverNow = 0] = answer;
      const now = this.#clock.monotonicMilliseconds();
      if (!isCluster(this.#client)) this.#serverOffset = serverNow - now;
      if (decision >= 0) return readDecision(charges, answer);
      // Too late by the server's clock: it was set forward, or another server took over. Now we know its time.
      if (attempt === MAXIMUM_ATTEMPTS) throw new StoreLateError('Redis was asked too late.');
    }
  }

  async #consumeByTag(charges: readonly Charge[]): Promise<ThrottleDecision> {
    const results: (ChargeResult | undefined)[] = charges.map(() => undefined);
    const spent: { charges: Charge[]; decision: ThrottleDecision }[] = [];
    let allowed = true;
    try {
      for (const group of groupByTag(charges)) {
        // After a refusal the others are only asked, so that the answer tells the state of each.
        const asked = group.map((index) => charges[index] as Charge);
        const decision = await this.#consumeTogether(allowed ? asked : asked.map(withoutCost));
        decision.results.forEach((result, position) => {
          const index = group[position] as number;
          const fits = result.allowed && (allowed || result.remaining >= (charges[index] as Charge).cost);
          results[index] = { ...result, allowed: fits };
        });
        if (allowed && decision.allowed) spent.push({ charges: asked, decision });
        allowed &&= decision.allowed;
      }
    } catch (error) {
      await this.#giveBack(spent);
      throw error;
    }
    if (!allowed) await this.#giveBack(spent);
    const units = new Map(spent.flatMap((group) => group.charges.map(({ key, cost }) => [key, cost])));
    return {
      allowed,
      results: results.map((result, index) => {
        const back = allowed ? 0 : (units.get((charges[index] as Charge).key) ?? 0);
        return { ...(result as ChargeResult), remaining: (result as ChargeResult).remaining + back };
      }),
    };
  }

  /** Best effort: what cannot be given back stays spent, which is stricter and never looser. */
  async #giveBack(spent: readonly { charges: Charge[]; decision: ThrottleDecision }[]): Promise<void> {
    await Promise.all(spent.map(({ charges, decision }) => this.refund(charges, decision).catch(() => {})));
  }

  #patienceFromNow(patience: CallerPatience | undefined): () => boolean {
    if (patience === undefined) {
      const until = this.#clock.monotonicMilliseconds() + this.#deadlineMilliseconds;
      return () => this.#clock.monotonicMilliseconds() > until;
    }
    const until = patience.turns + patience.patienceTurns;
    return () => patience.turns >= until;
  }

  /** When nobody waits any more for the answer to what is sent now, by the server's clock; 0: that is not known. */
  #notAfter(): number {
    if (this.#serverOffset === undefined) return 0;
    const until = this.#clock.monotonicMilliseconds() + this.#deadlineMilliseconds;
    return Math.ceil(until + this.#serverOffset + CLOCK_MARGIN_MILLISECONDS);
  }

  #key({ tag, key }: Charge): string {
    return `${this.#keyPrefix}{${tag}}${key}`;
  }

  /** The number of keys is part of each command, because only then a Cluster finds the slot of a pipelined one. */
  async #call(command: string, script: string, keys: readonly string[], parameters: readonly number[]) {
    if (this.#client.status !== 'ready') throw away(this.#client);
    const name = `${command}x${keys.length}`;
    if (!this.#defined.has(name)) {
      this.#define(command, script, keys.length);
      // A pipeline that was begun in this turn does not know the new command.
      this.#client.options.autoPipeliningIgnoredCommands?.push(name);
    }
    const sent = this.#commands[name] as ScriptCommand;
    return whereverItIs(this.#client, () => sent.call(this.#client, ...keys, ...parameters));
  }

  #define(command: string, lua: string, numberOfKeys: number): void {
    const name = `${command}x${numberOfKeys}`;
    this.#client.defineCommand(name, { lua, numberOfKeys });
    this.#defined.add(name);
  }
}

function readDecision(charges: readonly Charge[], answer: readonly number[]): ThrottleDecision {
  const serverNow = answer[1] as number;
  const results = charges.map((charge, index) => {
    const at = 2 + 3 * index;
    const left = answer[at + 2] as number;
    const windowEnd = serverNow + (slides(charge) ? charge.windowMilliseconds : left);
    return countedResult(charge, answer[at] === 1, answer[at + 1] as number, left, windowEnd);
  });
  return { allowed: answer[0] === 1, results };
}

function groupByTag(charges: readonly Charge[]): number[][] {
  const groups = new Map<string, number[]>();
  charges.forEach(({ tag }, index) => {
    const group = groups.get(tag);
    if (group === undefined) groups.set(tag, [index]);
    else group.push(index);
  });
  return [...groups.values()];
}

function withoutCost(charge: Charge): Charge {
  return { ...charge, cost: 0 };
}
