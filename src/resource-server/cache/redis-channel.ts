import type { Redis } from 'ioredis';
import type { Clock } from '../../core/clock.js';
import { reasonOf } from '../../core/logged-failure.js';
import type { Logger } from '../../core/logger.js';
import { printable } from '../../core/printable.js';
import type { MessageAuthenticator } from './message-authenticator.js';
import { disconnect } from './redis-connections.js';
import type { ProbeAnswer } from './redis-marks.js';

/** A probe that was published and is still open. */
interface Probe {
  /** The subscription that was confirmed when the probe was sent. */
  readonly subscriber: Redis | undefined;
  readonly sentMonotonic: number;
  readonly sentWall: number;
  /** When the server confirmed that this subscription is one of its own (monotonic). */
  repliedAt: number | undefined;
  /** Every mark with a higher number was set after it. */
  generation: number;
  heard: boolean;
}

export interface RevocationChannelSettings {
  /** Opens a subscriber connection; see `RedisConnections`. */
  openSubscriber(): Promise<Redis>;
  /** Publishes on the command connection. */
  probe(channel: string, message: string): Promise<ProbeAnswer>;
  /** The channel for invalidations. */
  readonly channel: string;
  /** The channel of this process only. */
  readonly probeChannel: string;
  readonly boundMilliseconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly authenticator: MessageAuthenticator;
  /** An invalidation was received. */
  onMessage(message: string): void;
  /** Messages may have been missed: nothing that was learned before may be trusted. */
  onInterruption(): void;
}

/** How long the delivery of a probe may take before the connection counts as dead. */
const SILENCE_MILLISECONDS = 2_000;

/**
 * The channel for invalidations, and the proof that it works.
 *
 * Four times within the bound a probe is published over the command connection, on a channel to which only this process
 * subscribes. It proves that the channel worked up to the moment at which it was sent, if both hold:
 * - The server that published it counted a receiver. Only subscribers of that server are counted, so this process
 *   listens where it publishes, which is where everyone publishes: on the master, or in a cluster on the master of one
 *   agreed slot.
 * - The subscriber received it. Messages of one server arrive on one connection in the order of their publication, so
 *   every invalidation published before the probe has arrived too. A connection that is closed, silently dropped,
 *   frozen, or connected to the wrong server proves nothing.
 */
export class RevocationChannel {
  private readonly settings: RevocationChannelSettings;
  private readonly timer: NodeJS.Timeout;
  private readonly probes = new Map<number, Probe>();
  private sequence = 0;
  private subscriber: Redis | undefined;
  private isConfirmed = false;
  private isRefusalSaid = false;
  private provenMonotonic = Number.NEGATIVE_INFINITY;
  private provenWall = Number.NEGATIVE_INFINITY;
  private provenFrom: number | undefined;
  private failures = 0;
  private lag: number | undefined;
  private reopening: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(settings: RevocationChannelSettings) {
    this.settings = settings;
    this.timer = setInterval(() => this.tick(), settings.boundMilliseconds / 4);
    this.timer.unref();
    void this.open();
  }

  /** How long the last probe took from its publication to its arrival; `undefined` if none has arrived. */
  get lagMilliseconds(): number | undefined {
    return this.lag;
  }

  /** Whether this process is one of the listeners for invalidations. */
  get isListening(): boolean {
    return this.isConfirmed;
  }

  /** Whether every invalidation that was published longer ago than the bound has been received. */
  isProven(monotonicMilliseconds: number, wallMilliseconds: number): boolean {
    const { boundMilliseconds } = this.settings;
    return (
      monotonicMilliseconds - this.provenMonotonic <= boundMilliseconds &&
      wallMilliseconds - this.provenWall <= boundMilliseconds
    );
  }

  /**
   * The number above which every mark was received if it was set longer ago than the bound; `undefined` while the
   * channel is not proven.
   */
  completeFrom(monotonicMilliseconds: number, wallMilliseconds: number): number | undefined {
    return this.isProven(monotonicMilliseconds, wallMilliseconds) ? this.provenFrom : undefined;
  }

  /** A message was not understood: the channel has to be proven anew. */
  doubt(): void {
    this.forgetProof();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    clearTimeout(this.reopening);
    const subscriber = this.subscriber;
    this.forget();
    if (subscriber !== undefined) await disconnect(subscriber);
  }

  private async open(): Promise<void> {
    const { channel, probeChannel } = this.settings;
    let subscriber: Redis | undefined;
    try {
      subscriber = await this.settings.openSubscriber();
      if (this.closed) return subscriber.disconnect();
      this.listen(subscriber);
      await subscriber.subscribe(channel, probeChannel);
    } catch (error) {
      this.sayRefusal(error);
      return this.lose(subscriber);
    }
    if (subscriber !== this.subscriber) return;
    this.isConfirmed = true;
    this.isRefusalSaid = false;
    // Messages that were published before this moment were not received.
    this.settings.onInterruption();
    this.sendProbe();
  }

  /** The level that sends commands reports outages, but not that a permission is missing here. */
  private sayRefusal(error: unknown): void {
    const reason = reasonOf(error);
    if (this.isRefusalSaid || this.closed || !reason.startsWith('NOPERM')) return;
    this.isRefusalSaid = true;
    this.settings.logger.warn(
      `Token cache: Redis does not let this process listen for revocations (${printable(reason)}); tokens are looked up in the database.`,
    );
  }

  private listen(subscriber: Redis): void {
    this.subscriber = subscriber;
    subscriber.once('end', () => this.lose(subscriber));
    subscriber.on('message', (name: string, message: string) => {
      if (subscriber === this.subscriber) this.receive(name, message);
    });
  }

  private lose(subscriber: Redis | undefined): void {
    if (this.closed || subscriber !== this.subscriber) return;
    const wasConfirmed = this.isConfirmed;
    this.forget();
    if (wasConfirmed) this.settings.onInterruption();
    subscriber?.disconnect();
    this.failures += 1;
    clearTimeout(this.reopening);
    this.reopening = setTimeout(() => void this.open(), Math.min(50 * this.failures, 1_000));
    this.reopening.unref();
  }

  private forget(): void {
    this.subscriber = undefined;
    this.isConfirmed = false;
    this.lag = undefined;
    this.forgetProof();
  }

  private forgetProof(): void {
    this.provenMonotonic = Number.NEGATIVE_INFINITY;
    this.provenWall = Number.NEGATIVE_INFINITY;
    this.provenFrom = undefined;
    this.probes.clear();
  }

  private tick(): void {
    const now = this.settings.clock.monotonicMilliseconds();
    for (const { heard, repliedAt } of this.probes.values()) {
      if (!heard && repliedAt !== undefined && now - repliedAt > SILENCE_MILLISECONDS) {
        this.lose(this.subscriber);
        break;
      }
    }
    this.sendProbe();
  }

  private sendProbe(): void {
    const { clock, probeChannel, authenticator } = this.settings;
    this.sequence += 1;
    const sequence = this.sequence;
    this.probes.set(sequence, {
      subscriber: this.isConfirmed ? this.subscriber : undefined,
      sentMonotonic: clock.monotonicMilliseconds(),
      sentWall: clock.nowMilliseconds(),
      repliedAt: undefined,
      generation: 0,
      heard: false,
    });
    this.settings.probe(probeChannel, authenticator.sign([probeChannel], String(sequence))).then(
      (answer) => this.replied(sequence, answer),
      () => this.probes.delete(sequence),
    );
  }

  private replied(sequence: number, { receivers, generation }: ProbeAnswer): void {
    const probe = this.probes.get(sequence);
    if (probe === undefined) return;
    if (probe.subscriber === undefined || probe.subscriber !== this.subscriber) {
      this.probes.delete(sequence);
    } else if (receivers >= 1) {
      probe.repliedAt = this.settings.clock.monotonicMilliseconds();
      probe.generation = generation;
      this.conclude(sequence, probe);
    } else {
      // The server that publishes does not know this subscription: it belongs to another server, or has ended.
      this.lose(this.subscriber);
    }
  }

  private receive(name: string, message: string): void {
    if (name === this.settings.channel) {
      this.settings.onMessage(message);
      return;
    }
    // A forged probe would prove messages that did not arrive.
    const text = this.settings.authenticator.verify([name], message);
    if (text === undefined) return;
    const sequence = Number(text);
    const probe = this.probes.get(sequence);
    if (probe === undefined || probe.subscriber !== this.subscriber) return;
    probe.heard = true;
    this.lag = this.settings.clock.monotonicMilliseconds() - probe.sentMonotonic;
    this.conclude(sequence, probe);
  }

  private conclude(sequence: number, probe: Probe): void {
    if (!probe.heard || probe.repliedAt === undefined) return;
    this.failures = 0;
    this.provenMonotonic = probe.sentMonotonic;
    this.provenWall = probe.sentWall;
    // The subscription existed before the first probe was sent, so every later mark was received.
    this.provenFrom ??= probe.generation;
    // Earlier probes prove less.
    for (const earlier of this.probes.keys()) if (earlier <= sequence) this.probes.delete(earlier);
  }
}
