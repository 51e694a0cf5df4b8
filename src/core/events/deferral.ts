import { AsyncResource } from 'node:async_hooks';
import type { OAuth2EventMap, OAuth2EventName } from './event-map.js';

/** Who tells an event to its listeners. */
interface Teller {
  emit(event: OAuth2EventMap[OAuth2EventName]): void;
}

/**
 * Events that are told once the current work is done. All events of one turn of the event loop share one `setImmediate`,
 * which costs more than most listeners do. They come in order, and outside of the asynchronous context of any request: the
 * context of the first one would be the wrong one for the others.
 */
export class Deferral {
  private readonly outside = new AsyncResource('OAuth2Events');
  private tellers: Teller[] = [];
  private events: OAuth2EventMap[OAuth2EventName][] = [];
  private readonly tellAll = () => {
    const { tellers, events } = this;
    // What listeners cause is told in a turn of its own, so that requests come in between.
    this.tellers = [];
    this.events = [];
    tellFrom(0, tellers, events);
  };

  add(teller: Teller, event: OAuth2EventMap[OAuth2EventName]): void {
    if (this.events.length === 0) this.outside.runInAsyncScope(setImmediate, undefined, this.tellAll);
    this.tellers.push(teller);
    this.events.push(event);
  }
}

function tellFrom(start: number, tellers: readonly Teller[], events: readonly OAuth2EventMap[OAuth2EventName][]): void {
  for (let index = start; index < tellers.length; index += 1) {
    try {
      (tellers[index] as Teller).emit(events[index] as OAuth2EventMap[OAuth2EventName]);
    } catch (error) {
      // The logger of the host failed, say. That is an uncaught exception for each such event, and keeps no other back.
      setImmediate(tellFrom, index + 1, tellers, events);
      throw error;
    }
  }
}
