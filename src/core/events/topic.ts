import { type Channel, channel } from 'node:diagnostics_channel';
import { isPromiseLike } from '../promises.js';
import type { Deferral } from './deferral.js';
import type { OAuth2EventMap, OAuth2EventName } from './event-map.js';

/** Called with an event. Its result is not awaited; if it throws or rejects, the error is logged. */
export type OAuth2EventListener<Name extends OAuth2EventName> = (event: OAuth2EventMap[Name]) => unknown;

/** Begins the name of every channel, e.g. `routing-controllers-oauth2:access.refused`. */
export const CHANNEL_PREFIX = 'routing-controllers-oauth2:';

/** An event by its name: who listens, and how often it happened. */
export class Topic<Name extends OAuth2EventName = OAuth2EventName> {
  /** How often it happened, whether or not somebody listened. */
  count = 0;
  private readonly listeners = new Set<OAuth2EventListener<Name>>();
  private readonly channel: Channel;

  constructor(
    readonly name: Name,
    private readonly failed: (name: Name, error: unknown) => void,
    private readonly deferral: Deferral,
  ) {
    this.channel = channel(CHANNEL_PREFIX + name);
  }

  /** Whether somebody listens, here or on the channel, so that an event need not be created in vain. */
  get isHeard(): boolean {
    return this.listeners.size > 0 || this.channel.hasSubscribers;
  }

  add(listener: OAuth2EventListener<Name>): () => void {
    // One entry per call, so that a listener that was added twice is called twice and removed one at a time.
    const entry: OAuth2EventListener<Name> = (event) => listener(event);
    this.listeners.add(entry);
    return () => {
      this.listeners.delete(entry);
    };
  }

  /** Counts the event, and tells it to whoever listens. */
  tell(make: () => OAuth2EventMap[Name]): void {
    this.count += 1;
    if (this.isHeard) this.emit(make());
  }

  /** The same once the current work is done, so that a slow listener delays no response; see `Deferral`. */
  tellLater(make: () => OAuth2EventMap[Name]): void {
    this.count += 1;
    if (this.isHeard) this.emitLater(make());
  }

  /** Tells an event that was counted already, once the current work is done. */
  emitLater(event: OAuth2EventMap[Name]): void {
    this.deferral.add(this, event);
  }

  /** Tells an event that was counted already to whoever listens now. */
  emit(event: OAuth2EventMap[Name]): void {
    Object.freeze(event);
    for (const listener of this.listeners) {
      try {
        const answer = listener(event);
        if (isPromiseLike(answer)) answer.then(undefined, (error: unknown) => this.failed(this.name, error));
      } catch (error) {
        this.failed(this.name, error);
      }
    }
    // A subscriber that throws is reported by Node.js as an uncaught exception of its own.
    this.channel.publish(event);
  }
}
