import type { LogLimiter } from '../log-limiter.js';
import { loggedFailure } from '../logged-failure.js';
import { Deferral } from './deferral.js';
import { EVENT_NAMES, type OAuth2EventMap, type OAuth2EventName } from './event-map.js';
import { type OAuth2EventListener, Topic } from './topic.js';

type Topics = { readonly [Name in OAuth2EventName]: Topic<Name> };

/**
 * Tells the listeners of the host what was decided. A listener never delays a request and never makes one fail. The same
 * events are published on `node:diagnostics_channel`, on channels named `routing-controllers-oauth2:` and the event, for
 * every configuration in the process.
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 *
 * // Counts refusals; the answer stops it.
 * export function countRefusals(oauth2: OAuth2, counts: Map<string, number>): () => void {
 *   return oauth2.events.on('access.refused', ({ reason }) => {
 *     counts.set(reason, (counts.get(reason) ?? 0) + 1);
 *   });
 * }
 * ```
 */
export class OAuth2Events {
  /** @internal */
  readonly topics: Topics;

  /** @internal */
  constructor(log: LogLimiter) {
    const failed = (name: OAuth2EventName, error: unknown) => {
      const { kind, describe } = loggedFailure(error);
      log.error(`${name}: ${kind}`, () => `A listener of the event ${name} failed: ${describe()}`);
    };
    const deferral = new Deferral();
    this.topics = Object.fromEntries(
      EVENT_NAMES.map((name) => [name, new Topic(name, failed, deferral)]),
    ) as unknown as Topics;
  }

  /**
   * Adds a listener.
   *
   * @returns a function that removes it
   * @throws TypeError if there is no such event
   */
  on<Name extends OAuth2EventName>(name: Name, listener: OAuth2EventListener<Name>): () => void {
    const topic = this.topics[name] as unknown as Topic<Name> | undefined;
    if (topic === undefined)
      throw new TypeError(`There is no event ${String(name)}; there are ${EVENT_NAMES.join(', ')}.`);
    return topic.add(listener);
  }

  /** @internal Counts an event, and tells it to whoever listens; it is made only for them. */
  tell<Name extends OAuth2EventName>(name: Name, make: () => OAuth2EventMap[Name]): void {
    (this.topics[name] as unknown as Topic<Name>).tell(make);
  }
}
