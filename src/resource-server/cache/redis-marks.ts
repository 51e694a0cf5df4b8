import type { Clock } from '../../core/clock.js';
import { ownClientIdOf, type VerifiedToken } from '../../core/verified-token.js';
import type { RedisClient } from './redis-connections.js';
import type { TokenScripts } from './redis-scripts.js';
import type { Invalidation } from './token-cache.js';

/** The answer of Redis to a probe. */
export interface ProbeAnswer {
  /** How many connections of that server received it. */
  readonly receivers: number;
  /** No mark that is set later has a number as low as this. */
  readonly generation: number;
}

export interface InvalidationMarksSettings {
  /** The key of the marks; in a cluster it also determines which node publishes. */
  readonly marksKey: string;
  readonly maxAgeMilliseconds: number;
  readonly clock: Clock;
}

/** A mark is kept longer than any entry, by more than clocks may differ. */
const MARGIN_MILLISECONDS = 60_000;

/** How many marks a process remembers before it removes outdated ones. */
const MANY = 1_000;

/** An invalidation of anything but a single token. */
export type BroadInvalidation = Exclude<Invalidation, { readonly kind: 'token' }>;

interface HeardMark {
  readonly generation: number;
  readonly heardAt: number;
}

/**
 * The marks that invalidations of a user, of an application or of everything leave in Redis, so that each costs one
 * command and one message, however many tokens it covers.
 *
 * A mark has a number, its generation, which only grows: the server's time in microseconds, or one more than the last
 * generation if its clock was set back. A look-up takes the last generation that this process received before it began,
 * and its entry carries that number. An entry is valid only if no mark of its user, of its application or of everything
 * has a higher one.
 *
 * A process whose subscription has had no gap since before the look-up of the entry knows all those marks; any other
 * process asks Redis.
 */
export class InvalidationMarks {
  private readonly client: RedisClient;
  private readonly scripts: TokenScripts;
  private readonly settings: InvalidationMarksSettings;
  private readonly heard = new Map<string, HeardMark>();
  private lastGeneration: number | undefined;

  constructor(client: RedisClient, scripts: TokenScripts, settings: InvalidationMarksSettings) {
    this.client = client;
    this.scripts = scripts;
    this.settings = settings;
    // Another server may count from a different number.
    if (!client.isCluster) client.on('close', () => this.forgetGeneration());
  }

  /**
   * The generation for a look-up that begins now; `undefined` until the first probe on this connection was answered.
   */
  get generation(): number | undefined {
    return this.lastGeneration;
  }

  /**
   * Publishes a probe.
   *
   * @throws any error of Redis, also if it refuses writes
   */
  async probe(channel: string, message: string): Promise<ProbeAnswer> {
    const [receivers, number] = await this.scripts.tokenCacheProbe(
      this.settings.marksKey,
      channel,
      message,
      this.keep(),
      this.lastGeneration ?? 0,
    );
    const generation = Number(number);
    if (this.client.status === 'ready') this.lastGeneration = generation;
    return { receivers, generation };
  }

  /** Sets the mark and publishes the message, in one step. */
  async set(invalidation: BroadInvalidation, channel: string, message: string): Promise<void> {
    const { marksKey } = this.settings;
    const name = nameOf(invalidation);
    const known = this.lastGeneration ?? 0;
    const generation = await this.scripts.tokenCacheMark(marksKey, channel, message, this.keep(), known, name);
    this.hear(invalidation, Number(generation));
  }

  /** Takes note of a mark that was received. */
  hear(invalidation: BroadInvalidation, generation: number): void {
    const heardAt = this.settings.clock.monotonicMilliseconds();
    const name = nameOf(invalidation);
    const before = this.heard.get(name)?.generation ?? 0;
    // Appended at the end, so that they stay in the order of arrival.
    this.heard.delete(name);
    this.heard.set(name, { generation: Math.max(before, generation), heardAt });
    if (this.heard.size > MANY) this.forgetOld(heardAt);
  }

  /** Messages may have been missed. */
  interrupt(): void {
    this.heard.clear();
  }

  /**
   * Whether something was invalidated for a token after the look-up that found it began.
   *
   * @param generation the number that the look-up carried
   * @param completeFrom the number above which every mark was received; `undefined` if that is uncertain
   */
  isOvertaken(token: VerifiedToken, generation: number, completeFrom: number | undefined): boolean | Promise<boolean> {
    if (completeFrom === undefined || generation < completeFrom) return this.askWhether(token, generation);
    return namesOf(token).some((name) => (this.heard.get(name)?.generation ?? 0) > generation);
  }

  private async askWhether(token: VerifiedToken, generation: number): Promise<boolean> {
    const highest = await this.scripts.tokenCacheHighestMark(this.settings.marksKey, ...namesOf(token));
    // Lost marks (evicted, flushed) leave no trace of what they covered; neither does a value that is not a number.
    return highest === null || !(Number(highest) <= generation);
  }

  private forgetGeneration(): void {
    this.lastGeneration = undefined;
  }

  private forgetOld(now: number): void {
    const { maxAgeMilliseconds } = this.settings;
    for (const [name, { heardAt }] of this.heard) {
      if (now - heardAt < maxAgeMilliseconds + MARGIN_MILLISECONDS) break;
      this.heard.delete(name);
    }
  }

  private keep(): number {
    return Math.ceil(this.settings.maxAgeMilliseconds) + MARGIN_MILLISECONDS;
  }
}

/** The name for everything. */
const EVERYTHING = '*';

function nameOf(invalidation: BroadInvalidation): string {
  switch (invalidation.kind) {
    case 'user':
      return `u:${invalidation.userId}`;
    case 'application':
      return `a:${invalidation.clientId}`;
    case 'everything':
      return EVERYTHING;
  }
}

/** The names under which a token may have been invalidated. */
function namesOf(token: VerifiedToken): string[] {
  const { userId } = token;
  const clientId = ownClientIdOf(token);
  const names = [EVERYTHING];
  if (userId !== undefined) names.push(`u:${userId}`);
  if (clientId !== undefined) names.push(`a:${clientId}`);
  return names;
}
