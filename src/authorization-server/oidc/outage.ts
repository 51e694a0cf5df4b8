import type { Adapter } from 'oidc-provider';
import { TemporarilyUnavailableError } from '../../core/errors.js';
import { errors } from './oidc-provider.js';

/**
 * A 503 as an error of oidc-provider. Never sent to an application, since it may not be known yet whose request it was.
 */
class Outage extends errors.OIDCProviderError {
  constructor(cause: TemporarilyUnavailableError) {
    super(503, 'temporarily_unavailable');
    this.cause = cause;
    this.expose = true;
    this.error_description = cause.message;
    this.allow_redirect = false;
  }
}

/** The same function with its outages converted, so that oidc-provider does not treat them as server errors. */
export function asOutage<Arguments extends unknown[], Answer>(
  work: (...values: Arguments) => Answer | PromiseLike<Answer>,
): (...values: Arguments) => Promise<Answer> {
  return async (...values) => {
    try {
      return await work(...values);
    } catch (error) {
      throw error instanceof TemporarilyUnavailableError ? new Outage(error) : error;
    }
  };
}

/** The same adapter with its outages converted. */
export function answersOutages(adapter: Adapter): Adapter {
  return {
    upsert: asOutage(adapter.upsert.bind(adapter)),
    find: asOutage(adapter.find.bind(adapter)),
    findByUserCode: asOutage(adapter.findByUserCode.bind(adapter)),
    findByUid: asOutage(adapter.findByUid.bind(adapter)),
    consume: asOutage(adapter.consume.bind(adapter)),
    destroy: asOutage(adapter.destroy.bind(adapter)),
    revokeByGrantId: asOutage(adapter.revokeByGrantId.bind(adapter)),
  };
}
