import type { Context } from 'koa';
import { OAuth2Error } from '../core/errors.js';
import type { OAuth2Events } from '../core/events.js';
import type { LogLimiter } from '../core/log-limiter.js';
import { loggedFailure } from '../core/logged-failure.js';
import { printable } from '../core/printable.js';
import type { ErrorResponder } from '../resource-server/error-response.js';
import type { ActionPlan } from './plan.js';
import { hostRefusal, ownRefusal, type Refusal, translatedRefusal } from './refusal.js';
import { refusalEvent } from './refusal-event.js';
import { withoutCredentials } from './without-credentials.js';

/** What refusals are made of. */
export interface RefusalsParts {
  readonly responder: ErrorResponder;
  readonly address: (context: Context) => string;
  /** The request fields that authentication reads, as they stand in `Vary`. */
  readonly fieldsRead: string;
  readonly log: LogLimiter;
  readonly events: OAuth2Events;
}

/** Makes refusals out of errors: logs what is a fault, and tells those who listen. */
export class Refusals {
  constructor(private readonly parts: RefusalsParts) {}

  /** The refusal that an error is. What is neither an `OAuth2Error` nor an `HttpError` is a fault: 500, and logged. */
  of(context: Context, thrown: unknown): Refusal {
    const { responder } = this.parts;
    if (thrown instanceof OAuth2Error) {
      const { detail, cause } = thrown.details;
      // The throttle has said once that its store is away; what has a cause is said by nobody else.
      if (thrown.status >= 500 && (detail !== undefined || cause !== undefined)) this.logFailure(context, thrown);
      return ownRefusal(responder, thrown);
    }
    const ofHost = hostRefusal(responder, thrown);
    if (ofHost !== undefined) {
      if (ofHost.status >= 500) this.logFailure(context, thrown);
      return ofHost;
    }
    // A fault in a permission, a user store or a rate function refuses: it never admits, and says nothing outside.
    this.logFailure(context, thrown);
    const fault = new OAuth2Error('server_error', 500, 'The server met an unexpected condition.', { cause: thrown });
    return ownRefusal(responder, fault, thrown);
  }

  /** The same for an error in the guard of an action. */
  ofRequest(context: Context, plan: ActionPlan, thrown: unknown, about: 'request' | 'object' = 'request'): Refusal {
    const refusal = this.of(context, thrown);
    const { events } = this.parts;
    if (!events.hasListeners('access.refused')) return refusal;
    try {
      events.emitLater('access.refused', refusalEvent(context, plan, refusal, about, this.parts.address));
    } catch (error) {
      this.logFailure(context, error, 'The event access.refused');
    }
    return refusal;
  }

  translated(thrown: object, answer: OAuth2Error): Refusal {
    return translatedRefusal(this.parts.responder, thrown, answer);
  }

  private logFailure(
    context: Context,
    thrown: unknown,
    what = `The guard of ${context.method} ${printable(context.path)}`,
  ): void {
    const { log, fieldsRead } = this.parts;
    const { kind, isOutage, describe } = loggedFailure(thrown);
    log.error(kind, () =>
      withoutCredentials(context, isOutage ? describe() : `${what} failed: ${describe()}`, fieldsRead),
    );
  }
}
