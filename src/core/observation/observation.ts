import type { OAuth2Events } from '../events/events.js';
import { Statistics } from './statistics.js';
import { Tracing } from './tracing.js';

/** How what happens here can be seen from outside: events, counts and spans. */
export class Observation {
  readonly statistics = new Statistics();
  readonly tracing = new Tracing();

  constructor(readonly events: OAuth2Events) {}
}
