import type { OAuth2Events } from '../core/events/events.js';
import { refuseOption } from '../core/options/index.js';
import type { Readings } from './readings.js';

/** What metrics and traces are read from; the result of `createOAuth2` is one. */
export interface ObservedOAuth2 {
  /** Its events. */
  readonly events: OAuth2Events;
  /** @internal */
  readonly readings: Readings;
}

/** @throws ConfigurationError if it is anything else */
export function readingsOf(part: string, oauth2: ObservedOAuth2): Readings {
  const { readings } = (oauth2 ?? {}) as Partial<ObservedOAuth2>;
  return readings ?? refuseOption(part, oauth2, 'give the result of createOAuth2');
}
