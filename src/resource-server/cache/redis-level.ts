import type { Clock } from '../../core/clock.js';
import { TemporarilyUnavailableError } from '../../core/errors.js';
import { reasonOf } from '../../core/logged-failure.js';
import type { Logger } from '../../core/logger.js';
import type { StoreState } from '../../core/observation/outcomes.js';
import { printable } from '../../core/printable.js';
import { firstAttempt, notConnected } from '../../core/reconnect.js';
import { pause, withDeadline } from './deadline.js';
import type { Moment } from './held-tokens.js';
import { invalidationMessages } from './invalidation-message.js';
import type { MessageAuthenticator } from './message-authenticator.js';
import type { RedisClient } from './redis-connections.js';
import type { ServerEpoch } from './redis-epoch.js';
import type { InvalidationMarks, ProbeAnswer } from './redis-marks.js';
import type { TokenScripts } from './redis-scripts.js';
import { NOTHING, type RedisTokens, type SharedAnswer } from './redis-tokens.js';
import { SuspendedNames } from './suspended-names.js';
import type { Invalidation, SharedLevelState } from './token-cache.js';

/** How long `invalidate` itself tries to reach Redis before it rejects and continues in the background. */
const FOREGROUND_MILLISECONDS = 2_000;

/** The shortest interval between log lines about an unavailable Redis. */
const LOG_PAUSE_MILLISECONDS = 10_000;

export interface RedisLevelSettings {
  /** The key of the marks; in a cluster it determines which node publishes. */
  readonly marksKey: string;
  /** The channel for invalidations. */
  readonly channel: string;
  /** The number above which this process knows every mark at a moment; `undefined` if that is uncertain. */
  completeFrom(moment: Moment): number | undefined;
  readonly deadlineMilliseconds: number;
  readonly maxAgeMilliseconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authenticator: MessageAuthenticator;
  readonly onStateChange: ((state: StoreState) => void) | undefined;
}

export interface RedisLevelDependencies {
  readonly client: RedisClient;
  readonly scripts: TokenScripts;
  readonly epoch: ServerEpoch;
  readonly tokens: RedisTokens;
  readonly marks: InvalidationMarks;
}

/**
 * The shared level, as far as it can be reached: decides whether to ask Redis at all, and sends invalidations.
 *
 * After Redis was slow or unavailable once, no request asks it again until a probe in the background was answered in
 * time. So a frozen Redis costs the deadline only once.
 */
export class RedisLevel {
  private readonly dependencies: RedisLevelDependencies;
  private readonly settings: RedisLevelSettings;
  /** What is being invalidated and may not have reached Redis yet; what Redis answers about it is not trusted. */
  private readonly suspended = new SuspendedNames();
  /** Since when (monotonic) Redis counts as unavailable. */
  private awaySince: number | undefined;
  private quietUntil = Number.NEGATIVE_INFINITY;
  /** The logged reason of the outage; `undefined` if none was logged. */
  private saidReason: string | undefined;
  private closed = false;
  /**
   * Pending until the first connection is open or its first attempt has failed; until then Redis does not count as
   * unavailable.
   */
  private starting: Promise<void> | undefined;

  constructor(dependencies: RedisLevelDependencies, settings: RedisLevelSettings) {
    this.dependencies = dependencies;
    this.settings = settings;
    this.starting = firstAttempt(dependencies.client).then(() => {
      this.starting = undefined;
    });
  }

  /** Resolves when the first connection is open or its first attempt has failed. */
  async ready(): Promise<void> {
    await this.starting;
  }

  /** Whether Redis can be asked now. */
  state(): SharedLevelState {
    if (!this.isConnected()) return { isUp: false, reason: notConnected(this.dependencies.client).message };
    if (this.awaySince === undefined) return { isUp: true };
    return { isUp: false, reason: this.saidReason ?? 'Redis did not answer in time' };
  }

  /**
   * Asks Redis, if it is likely to answer. Never rejects.
   *
   * @param began when the look-up began
   */
  async read(key: string, began: Moment): Promise<SharedAnswer> {
    if (!this.isConnected() || this.awaySince !== undefined) return NOTHING;
    if (this.suspended.hasKey(key)) return NOTHING;
    const { tokens, marks } = this.dependencies;
    try {
      const answer = await tokens.read(key);
      if (answer.kind !== 'token') return answer;
      const { stored } = answer;
      if (this.suspended.hasOwnerOf(stored.token)) return NOTHING;
      const overtaken = marks.isOvertaken(stored.token, stored.generation, this.settings.completeFrom(began));
      if (
        !(typeof overtaken === 'boolean'
          ? overtaken
          : await withDeadline(overtaken, this.settings.deadlineMilliseconds))
      )
        return answer;
      tokens.drop(answer);
    } catch (error) {
      this.isAway(error);
    }
    return NOTHING;
  }

  /**
   * Publishes a probe, and thereby finds out whether Redis answers in time and accepts writes.
   *
   * @throws any error of Redis or of the connection
   */
  async probe(channel: string, message: string): Promise<ProbeAnswer> {
    this.dependencies.epoch.retry();
    const sentAt = this.settings.clock.monotonicMilliseconds();
    const published = this.isConnected()
      ? this.dependencies.marks.probe(channel, message)
      : Promise.reject<ProbeAnswer>(notConnected(this.dependencies.client));
    withDeadline(published, this.settings.deadlineMilliseconds).then(
      () => this.isBack(sentAt),
      (error: unknown) => this.isAway(error),
    );
    return published;
  }

  /**
   * Removes the entries and tickets of tokens, or sets a mark for their owner, then notifies every process. In this
   * order, whoever receives the message finds nothing outdated in Redis any more.
   *
   * @throws TemporarilyUnavailableError if that is not possible now; it is retried for `maxAgeSeconds`, after which
   *   nothing outdated is left anyway
   */
  async invalidate(invalidation: Invalidation, keys: readonly string[]): Promise<void> {
    const all = invalidation.kind === 'token' ? [...new Set([invalidation.key, ...keys])] : keys;
    const resume = this.suspended.add(invalidation, all);
    const startedAt = this.settings.clock.monotonicMilliseconds();
    const failure = await this.tryUntil(startedAt + FOREGROUND_MILLISECONDS, invalidation, all);
    if (failure === undefined) return resume();
    this.tryUntil(startedAt + this.settings.maxAgeMilliseconds, invalidation, all).finally(resume);
    throw new TemporarilyUnavailableError({
      part: 'token cache',
      detail: 'an invalidation could not be sent to the token cache in Redis; it is retried in the background',
      cause: failure.cause,
    });
  }

  /** How many connections listen for invalidations; `undefined` if Redis does not say. */
  async listeners(): Promise<number | undefined> {
    if (!this.isConnected()) return undefined;
    const { channel, marksKey, deadlineMilliseconds } = this.settings;
    const asked = this.dependencies.scripts.tokenCacheListeners(marksKey, channel);
    // A user of Redis need not have the permission for it.
    return withDeadline(asked, deadlineMilliseconds).catch(() => undefined);
  }

  close(): void {
    this.closed = true;
  }

  private isConnected(): boolean {
    return !this.closed && this.dependencies.client.status === 'ready';
  }

  private async tryUntil(
    end: number,
    invalidation: Invalidation,
    keys: readonly string[],
  ): Promise<{ readonly cause: unknown } | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const rest = Math.max(1, Math.round(end - this.settings.clock.monotonicMilliseconds()));
        // One that is given up may still succeed: repeating it does no harm.
        await withDeadline(this.invalidateOnce(invalidation, keys), rest);
        return undefined;
      } catch (cause) {
        const delay = Math.min(50 * attempt, 1_000);
        if (this.closed || this.settings.clock.monotonicMilliseconds() + delay > end) return { cause };
        await pause(delay);
      }
    }
  }

  private async invalidateOnce(invalidation: Invalidation, keys: readonly string[]): Promise<void> {
    const { tokens, marks, scripts } = this.dependencies;
    const { channel, marksKey, authenticator } = this.settings;
    if (!this.isConnected()) throw notConnected(this.dependencies.client);
    await tokens.remove(keys);
    for (const text of invalidationMessages(invalidation, keys)) {
      const message = authenticator.sign([channel], text);
      if (invalidation.kind === 'token') await scripts.tokenCachePublish(marksKey, channel, message);
      else await marks.set(invalidation, channel, message);
    }
  }

  private isAway(error: unknown): void {
    if (this.closed || this.starting !== undefined) return;
    const reason = printable(reasonOf(error));
    const isNews = this.awaySince === undefined || (this.saidReason !== undefined && this.saidReason !== reason);
    if (this.awaySince === undefined) this.settings.onStateChange?.('down');
    this.awaySince = this.settings.clock.monotonicMilliseconds();
    if (!isNews || this.awaySince < this.quietUntil) return;
    this.quietUntil = this.awaySince + LOG_PAUSE_MILLISECONDS;
    this.saidReason = reason;
    this.settings.logger.warn(`Token cache: Redis is unavailable (${reason}); tokens are looked up in the database.`);
  }

  private isBack(probeSentAt: number): void {
    if (this.awaySince === undefined || probeSentAt < this.awaySince) return;
    this.awaySince = undefined;
    this.settings.onStateChange?.('up');
    if (this.saidReason === undefined) return;
    this.saidReason = undefined;
    this.settings.logger.info('Token cache: Redis is available.');
  }
}
