import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import { foreignUserOf } from '../../core/foreign-user.js';
import { type Logger, silentLogger } from '../../core/logger.js';
import type { HistoryStore } from '../../core/observation/history-store.js';
import type { StoreState } from '../../core/observation/outcomes.js';
import { Tracing } from '../../core/observation/tracing.js';
import { functionOption, optionPath, refuseOption } from '../../core/options/index.js';
import type { RedisClient as HostRedisClient } from '../../core/redis-client.js';
import { activeVerification, INVALID, type Verification } from '../../core/verified-token.js';
import {
  type CacheOptions,
  COMMAND_TIMEOUT_MILLISECONDS,
  type LocalSettings,
  localSettings,
  type SharedTimes,
  sharedTimes,
} from './cache-options.js';
import { LocalLevel } from './local-level.js';
import type { LookUpInFlight } from './look-ups.js';
import type { MessageAuthenticator } from './message-authenticator.js';
import { RevocationChannel } from './redis-channel.js';
import { checkRedisSource, connectRedis, disconnect, type RedisClient } from './redis-connections.js';
import { ServerEpoch } from './redis-epoch.js';
import { RedisHistory } from './redis-history.js';
import { RedisLevel } from './redis-level.js';
import { InvalidationMarks } from './redis-marks.js';
import { defineTokenScripts } from './redis-scripts.js';
import { RedisTokens, type TakenTicket } from './redis-tokens.js';
import { SignedMessages } from './signed-messages.js';
import type { CacheReading, Invalidation, LookUp, SharedBy, SharedLevelState, TokenCache } from './token-cache.js';
import type { StoredToken } from './token-json.js';
import { type LoadUser, UserLoads } from './user-loads.js';

/** Options of `sharedTokenCache`. */
export interface SharedTokenCacheOptions extends CacheOptions {
  /** A URL (`redis://…`, `rediss://…`), or a `Redis` or `Cluster` of ioredis, which is only duplicated, never used. */
  readonly redis: string | HostRedisClient;
  /** Prefix of every key and channel; default `oauth2:`. Processes that share tokens use the same one. */
  readonly keyPrefix?: string | undefined;
  /**
   * Names what the verifier accepts (audience, issuer …); default `default`. Processes with different policies never
   * read each other's answers; an invalidation covers all policies.
   */
  readonly policy?: string | undefined;
  /**
   * Loads the user of a token that another process looked up; `undefined` if there is no such user or the user may not
   * act now. Redis contains no users, so this is called once per token and process while the token is in the in-process
   * level.
   */
  readonly loadUser: LoadUser;
  /** Authenticates entries and messages in Redis. */
  readonly authenticator: MessageAuthenticator;
  /** Receives a line when Redis becomes unavailable and when it is back; default none. */
  readonly logger?: Logger | undefined;
  /** The clock; default the machine's. */
  readonly clock?: Clock | undefined;
  /** Records a span for each read of Redis, if a tracer is put in. */
  readonly tracing?: Tracing | undefined;
  /** Called when Redis becomes unavailable, and when it is available again. */
  readonly onStateChange?: ((state: StoreState) => void) | undefined;
}

/**
 * A token cache in two levels: this process, then Redis (single, Sentinel or Cluster), shared by all processes.
 *
 * **What it guarantees.** After `invalidate()` has resolved, every process refuses a request that begins more than
 * `revocationBoundSeconds` (default 1) later; usually as soon as a message has arrived. This holds after a lost
 * message, a cut or frozen connection, a FLUSHALL, a restart of Redis and a failover by Sentinel, because neither
 * clocks nor connections that look open are trusted:
 * - An entry of this process counts only while probes prove that the channel for invalidations has delivered everything
 *   that was published up to the bound ago; the probes take the same way as invalidations. When the channel is cut, the
 *   process drops its entries, and asks Redis until the channel is subscribed and proven again.
 * - A look-up is stored in Redis only under the ticket that was taken before it began. The invalidation of a token
 *   removes both the entry and the ticket, so that an earlier look-up can never be stored afterwards, however late it
 *   ends. An invalidation of a user, an application or everything leaves a mark with a number; an entry whose look-up
 *   began before the mark was set is not read any more. A FLUSHALL or an eviction removes tickets too. Within a
 *   process, an invalidation affects every look-up that began before it: its answer is neither kept nor returned.
 * - Entries are bound to the `run_id` of the server that they were written to. Entries that an old snapshot restores
 *   after a restart, or that a replica with missed invalidations holds after its promotion, belong to another run and
 *   are not read.
 *
 * **When the bound is `maxAgeSeconds` (default 30) instead, counted from the look-up:**
 * - `invalidate()` rejected because Redis could not be reached: other processes may still reach it. The invalidation is
 *   retried for that time; this process itself refuses the token immediately.
 * - A Redis Cluster: a node that restarts from an old snapshot, or a promoted replica that missed writes, may restore
 *   entries, since there is no single `run_id`. So may Redis where `INFO` is forbidden, or a proxy that hides from its
 *   clients that the server behind it has changed.
 * - Two servers that act as master at the same time, for processes on different sides: during a network partition, or
 *   in a failover until Sentinel's message about it arrives. `min-replicas-to-write` shortens a partition, since a
 *   server that refuses writes is not trusted. Also a second failover back to the same run within that time. The clocks
 *   of the machines may differ by up to a second, which adds to that bound.
 *
 * `keys` of an invalidation must have been read from the database after the change was committed.
 *
 * **When Redis is unavailable, frozen or slow**, tokens are looked up in the database; no valid token is refused
 * because of it. The first request afterwards waits for the deadline, the next ones do not, until a probe is answered
 * in time.
 *
 * **Which entries and messages count:** those that carry an HMAC-SHA256 under a key of this database, for exactly the
 * key and field, or channel, where they are. Someone who can write to Redis without such a key can delete entries, use
 * up memory, prolong the use of an entry that was written before a revocation to at most `maxAgeSeconds`, and cause
 * look-ups in the database.
 *
 * **What Redis contains:** SHA-256 digests of tokens, ids and scopes; no token, no user, no secret. Unknown tokens
 * leave nothing but a ticket for a few seconds. The Redis user needs the permissions `@scripting`, `DEL`, `HGET`,
 * `HSET`, `HDEL`, `PTTL`, `PEXPIRE`, `TIME`, `ZADD`, `ZREM`, `ZREMRANGEBYSCORE`, `ZSCORE`, `PUBLISH`, `SUBSCRIBE` (in a
 * cluster `CLUSTER`) for keys and channels with the prefix, and `INFO` for the binding to the run.
 *
 * @throws ConfigurationError if an option is missing or out of its range, or ioredis is not installed
 */
export function sharedTokenCache(options: SharedTokenCacheOptions): TokenCache {
  return new SharedTokenCache({ ...sharedSettings(options), authenticator: options.authenticator }, options.redis);
}

/**
 * Checks the options of a shared token cache that is created later; opens nothing.
 *
 * @throws ConfigurationError as `sharedTokenCache`
 */
export function checkSharedTokenCache(options: Omit<SharedTokenCacheOptions, 'authenticator'>): void {
  sharedSettings(options);
  checkRedisSource(options.redis);
}

/** The default prefix of every key. */
export const DEFAULT_KEY_PREFIX = 'oauth2:';

interface SharedSettings extends LocalSettings, SharedTimes {
  readonly keyPrefix: string;
  readonly policy: string;
  readonly loadUser: LoadUser;
  readonly logger: Logger;
  readonly authenticator: MessageAuthenticator;
  readonly tracing: Tracing;
  readonly onStateChange: ((state: StoreState) => void) | undefined;
}

function sharedSettings(
  options: Omit<SharedTokenCacheOptions, 'authenticator'>,
): Omit<SharedSettings, 'authenticator'> {
  const local = localSettings(options, 0.1);
  const { keyPrefix = DEFAULT_KEY_PREFIX, policy = 'default', loadUser, logger = silentLogger } = options;
  const { tracing = new Tracing(), onStateChange } = options;
  for (const [name, value] of Object.entries({ keyPrefix, policy })) {
    if (typeof value !== 'string') refuseOption(optionPath('cache', name), value, 'give a text');
  }
  functionOption('cache.loadUser', loadUser, 'give a function that loads a user by id, undefined if not active');
  return { ...local, ...sharedTimes(options, local), keyPrefix, policy, loadUser, logger, tracing, onStateChange };
}

class SharedTokenCache implements TokenCache {
  private readonly clock: Clock;
  private readonly maxAgeMilliseconds: number;
  private readonly level: LocalLevel;
  private readonly users: UserLoads;
  private readonly client: RedisClient;
  private readonly messages: SignedMessages;
  private readonly invalidations: string;
  private readonly marks: InvalidationMarks;
  private readonly tokens: RedisTokens;
  private readonly redis: RedisLevel;
  private readonly channel: RevocationChannel;
  private readonly tracing: Tracing;
  private readonly counts: RedisHistory;
  private tellShared: ((verification: Verification, milliseconds: number) => void) | undefined;

  constructor(settings: SharedSettings, redis: string | HostRedisClient) {
    const { clock, boundMilliseconds } = settings;
    this.clock = clock;
    this.maxAgeMilliseconds = settings.maxAgeMilliseconds;
    this.level = new LocalLevel(settings);
    this.tracing = settings.tracing;
    this.users = new UserLoads(settings.loadUser, clock, boundMilliseconds);

    const connections = connectRedis(redis, { commandTimeoutMilliseconds: COMMAND_TIMEOUT_MILLISECONDS });
    const client = connections.commands;
    this.client = client;
    const keyPrefix = `${connections.hostPrefix}${settings.keyPrefix}`;
    const channel = `${keyPrefix}token-invalidations`;
    this.messages = new SignedMessages(settings.authenticator, settings);
    this.invalidations = channel;
    // In a cluster the slot of this key determines where messages are published.
    const marksKey = `${keyPrefix}token-marks`;
    const scripts = defineTokenScripts(client);
    const epoch = new ServerEpoch(client, settings.logger);
    const marks = new InvalidationMarks(client, scripts, { ...settings, marksKey });
    this.marks = marks;
    // Braces: in a cluster, all of these keys are in one slot.
    const historyPrefix = `${keyPrefix}{history}:`;
    const isAvailable = () => this.redis.state().isUp;
    this.counts = new RedisHistory({ client, keyPrefix: historyPrefix, isAvailable });
    this.tokens = new RedisTokens(client, scripts, { epoch, marks }, { ...settings, keyPrefix });
    this.redis = new RedisLevel(
      { client, scripts, epoch, tokens: this.tokens, marks },
      {
        ...settings,
        marksKey,
        channel,
        completeFrom: (moment) => this.channel.completeFrom(moment.monotonicMilliseconds, moment.wallMilliseconds),
      },
    );
    this.channel = new RevocationChannel({
      openSubscriber: () => connections.openSubscriber(marksKey),
      probe: (name, message) => this.redis.probe(name, message),
      channel,
      probeChannel: `${keyPrefix}token-probe:${randomUUID()}`,
      boundMilliseconds,
      clock,
      logger: settings.logger,
      authenticator: settings.authenticator,
      onMessage: (message) => this.hear(message),
      onInterruption: () => this.interrupt(),
    });
  }

  private hear(text: string): void {
    const message = this.messages.read(this.invalidations, text);
    if (message === 'ignored') return;
    if (message === undefined) {
      // It may have meant anything: dropping too much is only slow, dropping too little is unsafe.
      this.channel.doubt();
      this.interrupt();
      return;
    }
    const { invalidation, keys, generation = 0 } = message;
    if (invalidation.kind !== 'token') this.marks.hear(invalidation, generation);
    this.drop(invalidation, keys);
  }

  private interrupt(): void {
    this.marks.interrupt();
    this.level.interrupt();
    this.users.forgetAll();
  }

  peek(key: string): Verification | undefined {
    const monotonic = this.clock.monotonicMilliseconds();
    const wall = this.clock.nowMilliseconds();
    const { held } = this.level;
    const good = this.channel.isProven(monotonic, wall) ? held.good(key, monotonic, wall) : undefined;
    return good ?? held.refusal(key, monotonic);
  }

  async resolve(key: string, lookUp: LookUp, sharedBy: SharedBy = 'processes'): Promise<Verification> {
    const held = this.peek(key);
    if (held !== undefined) return held;
    return this.level.lookUps.run(key, async (inFlight) =>
      sharedBy === 'processes'
        ? this.ask(key, lookUp, inFlight)
        : this.level.keep(key, await lookUp(), inFlight, this.maxAgeMilliseconds),
    );
  }

  private async ask(key: string, lookUp: LookUp, inFlight: LookUpInFlight): Promise<Verification> {
    const began = this.clock.monotonicMilliseconds();
    const answer = await this.tracing.around('redis.read', () => this.redis.read(key, inFlight));
    if (answer.kind === 'token') {
      const verification = await this.withUser(answer.stored);
      if (verification !== undefined) {
        this.tellShared?.(verification, this.clock.monotonicMilliseconds() - began);
        return this.keepShared(key, verification, inFlight, answer.stored);
      }
    }
    const ticket = answer.kind === 'ticket' ? answer.ticket : undefined;
    let verification: Verification;
    try {
      verification = await lookUp();
    } catch (error) {
      if (ticket !== undefined) this.tokens.release(ticket);
      throw error;
    }
    if (ticket !== undefined) this.fill(ticket, verification, inFlight);
    return this.level.keep(key, verification, inFlight, this.maxAgeMilliseconds);
  }

  /** In the background: the request does not wait for it. */
  private fill(ticket: TakenTicket, verification: Verification, inFlight: LookUpInFlight): void {
    if (verification.status !== 'active' || !this.level.lookUps.mayKeep(inFlight, verification)) {
      this.tokens.release(ticket);
      return;
    }
    const { token, keepMilliseconds } = verification;
    const { generation } = ticket;
    this.tokens.fill(ticket, { token, keepMilliseconds, generation, foundAtMilliseconds: inFlight.wallMilliseconds });
  }

  /** `undefined` if the host could not be asked: then the verifier decides. */
  private async withUser({ token, keepMilliseconds }: StoredToken): Promise<Verification | undefined> {
    if (token.userId === undefined) return activeVerification(token, foreignUserOf(token), keepMilliseconds);
    try {
      const user = await this.users.load(token.userId);
      return user === undefined || user === null ? INVALID : activeVerification(token, user, keepMilliseconds);
    } catch {
      return undefined;
    }
  }

  /** Keeps an answer of Redis; its age counts from the look-up of the other process. */
  private keepShared(
    key: string,
    verification: Verification,
    inFlight: LookUpInFlight,
    stored: StoredToken,
  ): Verification {
    const age = Math.max(0, inFlight.wallMilliseconds - stored.foundAtMilliseconds);
    const foundAt = {
      monotonicMilliseconds: inFlight.monotonicMilliseconds - age,
      wallMilliseconds: inFlight.wallMilliseconds - age,
    };
    const since = verification.status === 'active' ? foundAt : inFlight;
    return this.level.keep(key, verification, inFlight, this.maxAgeMilliseconds, since);
  }

  async invalidate(invalidation: Invalidation, keys: readonly string[]): Promise<void> {
    this.drop(invalidation, keys);
    await this.redis.invalidate(invalidation, keys);
  }

  private drop(invalidation: Invalidation, keys: readonly string[]): void {
    this.level.drop(invalidation, keys);
    if (invalidation.kind === 'user') this.users.forget(invalidation.userId);
    else if (invalidation.kind === 'everything') this.users.forgetAll();
  }

  forgetMiss(key: string): void {
    this.level.forgetMiss(key);
  }

  onShared(listener: (verification: Verification, milliseconds: number) => void): void {
    this.tellShared = listener;
  }

  reading(): CacheReading {
    return {
      entries: this.level.held.size,
      isProven: this.channel.isProven(this.clock.monotonicMilliseconds(), this.clock.nowMilliseconds()),
      lagMilliseconds: this.channel.lagMilliseconds,
    };
  }

  ready(): Promise<void> {
    return this.redis.ready();
  }

  history(): HistoryStore {
    return this.counts;
  }

  sharedLevel(): SharedLevelState {
    return this.redis.state();
  }

  async listeners(): Promise<number | undefined> {
    for (let tries = 0; tries < 2; tries += 1) {
      const { isListening } = this.channel;
      const all = await this.redis.listeners();
      // If it has begun to listen meanwhile, nobody knows whether it was counted.
      if (all === undefined || isListening === this.channel.isListening) return all && all - Number(isListening);
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.redis.close();
    await Promise.all([this.channel.close(), disconnect(this.client)]);
    this.drop({ kind: 'everything' }, []);
  }
}
