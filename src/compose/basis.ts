import type { Context } from 'koa';
import { type Clock, systemClock } from '../core/clock.js';
import { OAuth2Events } from '../core/events/events.js';
import { LogLimiter } from '../core/log-limiter.js';
import type { Logger } from '../core/logger.js';
import { Observation } from '../core/observation/observation.js';
import { type RandomBytes, systemRandomBytes } from '../core/token-value.js';
import type { OAuth2Options } from '../options.js';
import { requestAddress } from '../resource-server/request-address.js';
import { requestIdOf } from '../resource-server/request-id.js';

/** What nearly every part uses. */
export interface Basis {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logger: Logger;
  /** For lines that may be logged once per request. */
  readonly log: LogLimiter;
  readonly events: OAuth2Events;
  /** The events, and the counts and spans. */
  readonly observation: Observation;
  /** The prefix of every Redis key. */
  readonly keyPrefix: string;
  readonly accessTokenLifetimeSeconds: number;
  /** The key of the address that a request comes from. */
  readonly address: (context: Context) => string;
  /** The id of a request, if the host has given it one. */
  readonly requestId: (context: Context) => string | undefined;
}

/** The options that nearly every part reads, with their defaults. */
export function composeBasis(options: OAuth2Options): Basis {
  const { clock = systemClock, random = systemRandomBytes, logger = console } = options;
  const log = new LogLimiter(logger, clock);
  const events = new OAuth2Events(log);
  return {
    clock,
    random,
    logger,
    log,
    events,
    observation: new Observation(events),
    keyPrefix: options.keyPrefix ?? 'oauth2:',
    accessTokenLifetimeSeconds: options.accessTokenLifetimeSeconds ?? 3600,
    address: requestAddress(options, logger),
    requestId: requestIdOf(options.requestId),
  };
}
