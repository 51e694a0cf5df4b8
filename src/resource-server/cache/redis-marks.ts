import type { Clock } from '../../core/clock.js';
import type { VerifiedToken } from '../../core/verified-token.js';
import type { RedisClient } from './redis-connections.js';
import type { TokenScripts } from './redis-scripts.js';
import type { Invalidation } from './token-cache.js';

/** What Redis answers to a probe. */
export interface ProbeAnswer {
  /** How many connections of that very server received it. */
  readonly receivers: number;
  /** No mark that is set later has a number as low as this. */
  readonly generation: number;
}

export interface InvalidationMarksSettings {
  /** The key of the marks; in a cluster it also decides which node publishes. */
  readonly marksKey: string;
  readonly maxAgeMilliseconds: number;
  readonly clock: Clock;
}

/** A mark is kept for longer than any entry, by more than clocks may differ. */
const MARGIN_MILLISECONDS = 60_000;

/** How many marks a process remembers before it looks for those that are over. */
const MANY = 1_000;

/** Everything that is not named by a token. */
export type BroadInvalidation = Exclude<Invalidation, { readonly kind: 'token' }>;

interface HeardMark {
  readonly generation: number;
  readonly heardAt: number;
}

/**
 * The marks that invalidations of a user, of an application or of everything leave in Redis, so that they cost one
 * command and one message, however many tokens they cover.
 *
 * A mark has a number, its generation, which only ever grows: the server's time in microseconds, or one more than the
 * last where its clock was set back. A look-up notes the generation that this process has last heard of before it began,
 * and its entry carries it. An entry counts only if no mark of its user, of its application or of everything has a
 * higher number.
 *
 * A process that is subscribed without a gap since before the entry's look-up knows all those marks; another one asks Redis.
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
    // Another server may count from elsewhere.
    if (!client.isCluster) client.on('close', () => this.forgetGeneration());
  }

  /** What a look-up that begins now carries; `undefined` until a first probe was answered on this connection. */
  get generation(): number | undefined {
    return this.lastGeneration;
  }

  /** Publishes a probe. @throws whatever Redis answers, where writes are refused too */
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

  /** A mark was heard of. */
  hear(invalidation: BroadInvalidation, generation: number): void {
    const heardAt = this.settings.clock.monotonicMilliseconds();
    const name = nameOf(invalidation);
    const before = this.heard.get(name)?.generation ?? 0;
    // Behind the others: they stay in the order in which they were heard.
    this.heard.delete(name);
    this.heard.set(name, { generation: Math.max(before, generation), heardAt });
    if (this.heard.size > MANY) this.forgetOld(heardAt);
  }

  /** Messages may have been missed. */
  interrupt(): void {
    this.heard.clear();
  }

  /**
   * Whether something was invalidated for a token since the look-up that found it.
   *
   * @param generation what that look-up carried
   * @param completeFrom every mark with a higher number was heard; `undefined` if that is not certain
   */
  isOvertaken(token: VerifiedToken, generation: number, completeFrom: number | undefined): boolean | Promise<boolean> {
    if (completeFrom === undefined || generation < completeFrom) return this.askWhether(token, generation);
    return namesOf(token).some((name) => (this.heard.get(name)?.generation ?? 0) > generation);
  }

  private async askWhether(token: VerifiedToken, generation: number): Promise<boolean> {
    const highest = await this.scripts.tokenCacheHighestMark(this.settings.marksKey, ...namesOf(token));
    // Marks that were lost (evicted, flushed) leave nothing that says what they covered; nor does what is no number.
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

/** The name of everything. */
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
function namesOf({ userId, clientId }: VerifiedToken): string[] {
  const names = [EVERYTHING];
  if (userId !== undefined) names.push(`u:${userId}`);
  if (clientId !== undefined) names.push(`a:${clientId}`);
  return names;
}
