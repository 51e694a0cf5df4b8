import type { Clock } from '../../core/clock.js';
import { TemporarilyUnavailableError } from '../../core/errors.js';
import type { LogLimiter } from '../../core/log-limiter.js';
import { reasonOf } from '../../core/logged-failure.js';
import { printable } from '../../core/printable.js';
import { firstAttempt, notConnected } from '../../core/reconnect.js';
import type { RedisClient as HostRedisClient } from '../../core/redis-client.js';
import { COMMAND_TIMEOUT_MILLISECONDS } from './cache-options.js';
import { withDeadline } from './deadline.js';
import { connectRedis, disconnect, type RedisConnections } from './redis-connections.js';

/** How long a request waits for Redis. */
const DEADLINE_MILLISECONDS = 500;

/** How long requests do not wait for Redis after a failure. */
const PAUSE_MILLISECONDS = 1_000;

/** What the store depends on. */
export interface RedisReplaysDependencies {
  readonly redis: string | HostRedisClient;
  /** The prefix of every key. */
  readonly keyPrefix: string;
  readonly clock: Clock;
  readonly log: LogLimiter;
  /**
   * The proofs that this process has seen, by which it decides alone while Redis is down; without it, nothing is
   * accepted then.
   */
  readonly local: { claim(id: string): boolean } | undefined;
}

/** Remembers used ids in Redis for all processes, with one command each. */
export class RedisReplays {
  private readonly connections: RedisConnections;
  private readonly keyPrefix: string;
  private quietUntil = Number.NEGATIVE_INFINITY;

  /** @throws ConfigurationError if the Redis cannot be used */
  constructor(private readonly dependencies: RedisReplaysDependencies) {
    this.connections = connectRedis(dependencies.redis, { commandTimeoutMilliseconds: COMMAND_TIMEOUT_MILLISECONDS });
    this.keyPrefix = `${this.connections.hostPrefix}${dependencies.keyPrefix}`;
  }

  /**
   * Resolves to whether the id is used for the first time within `milliseconds`.
   *
   * @throws TemporarilyUnavailableError if Redis does not answer in time and this process may not decide alone
   */
  async claim(id: string, milliseconds: number): Promise<boolean> {
    const { local, clock, log } = this.dependencies;
    if (local?.claim(id) === false) return false;
    try {
      return (await this.set(id, milliseconds)) === 'OK';
    } catch (cause) {
      const now = clock.monotonicMilliseconds();
      if (now >= this.quietUntil) this.quietUntil = now + PAUSE_MILLISECONDS;
      if (local === undefined) {
        throw new TemporarilyUnavailableError({
          part: 'DPoP proofs',
          detail: 'Redis, which remembers the DPoP proofs that were used, does not answer',
          cause,
        });
      }
      log.warn(
        'DPoP proofs',
        () => `Redis is away (${printable(reasonOf(cause))}); each process remembers DPoP proofs for itself.`,
      );
      return true;
    }
  }

  /** Resolves when the first connection is open or its first attempt has failed; never rejects. */
  ready(): Promise<void> {
    return firstAttempt(this.connections.commands);
  }

  close(): Promise<void> {
    return disconnect(this.connections.commands);
  }

  private set(id: string, milliseconds: number): Promise<'OK' | null> {
    const { commands } = this.connections;
    if (commands.status !== 'ready') return Promise.reject(notConnected(commands));
    if (this.dependencies.clock.monotonicMilliseconds() < this.quietUntil) {
      return Promise.reject(new Error('Redis did not answer a moment ago'));
    }
    const answer = commands.set(this.keyPrefix + id, '', 'PX', Math.max(1, Math.ceil(milliseconds)), 'NX');
    return withDeadline(answer, DEADLINE_MILLISECONDS);
  }
}
