import type { Context } from 'koa';
import type { Action } from 'routing-controllers';
import { OAuth2Error } from '../core/errors.js';
import type { OAuth2Events } from '../core/events.js';
import type { LogLimiter } from '../core/log-limiter.js';
import { loggedFailure } from '../core/logged-failure.js';
import { printable } from '../core/printable.js';
import type { ErrorResponder } from '../resource-server/error-response.js';
import { answerThroughHandler } from './handler-response.js';
import type { ActionPlan } from './plan.js';
import { hostRefusal, ownRefusal, type Refusal, translatedRefusal } from './refusal.js';
import { refusalEvent } from './refusal-event.js';
import { notedAction, noteRefusal } from './request-state.js';
import { answerUncaught } from './uncaught.js';
import { withoutCredentials } from './without-credentials.js';

/** What refusals are made of. */
export interface RefusalsDependencies {
  readonly responder: ErrorResponder;
  readonly address: (context: Context) => string;
  /** The request fields that authentication reads, as they stand in `Vary`. */
  readonly fieldsRead: string;
  readonly log: LogLimiter;
  readonly events: OAuth2Events;
}

/** Makes refusals out of errors: logs what is a fault, and tells those who listen. */
export class Refusals {
  constructor(private readonly dependencies: RefusalsDependencies) {}

  /** The refusal that an error is. What is neither an `OAuth2Error` nor an `HttpError` is a fault: 500, and logged. */
  of(context: Context, thrown: unknown): Refusal {
    const { responder } = this.dependencies;
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

  /** The same for an error in the guard of an action, which is told to those who listen. */
  ofRequest(context: Context, plan: ActionPlan, thrown: unknown, about: 'request' | 'object' = 'request'): Refusal {
    const refusal = this.of(context, thrown);
    const { events } = this.dependencies;
    if (!events.hasListeners('access.refused')) return refusal;
    try {
      events.emitLater('access.refused', refusalEvent(context, plan, refusal, about, this.dependencies.address));
    } catch (error) {
      this.logFailure(context, error, 'The event access.refused');
    }
    return refusal;
  }

  /** An error of the host's, answered by one of ours if nobody else does. */
  translated(thrown: object, answer: OAuth2Error): Refusal {
    return translatedRefusal(this.dependencies.responder, thrown, answer);
  }

  /**
   * Prepares a refusal for being thrown through error handlers that are not ours: its header fields are set on the
   * response already, and if nobody catches it, Koa answers it as we would.
   */
  throwable(context: Context, refusal: Refusal): Error {
    context.set(refusal.fields);
    answerUncaught(context, refusal);
    return refusal.error;
  }

  /** Prepares an error in the guard for being thrown by a checker of routing-controllers. */
  thrownByChecker(action: Action, plan: ActionPlan, thrown: unknown): Error {
    const context = action.context as Context;
    const refusal = this.ofRequest(context, plan, thrown);
    answerThroughHandler(action, context, refusal, true);
    return this.throwable(context, refusal);
  }

  /** Prepares an error for being thrown inside an action. */
  thrownInAction(context: Context, plan: ActionPlan, thrown: unknown, about: 'request' | 'object'): Error {
    const refusal = this.ofRequest(context, plan, thrown, about);
    noteRefusal(context, refusal);
    const action = notedAction(context);
    if (action !== undefined) answerThroughHandler(action, context, refusal, false);
    return this.throwable(context, refusal);
  }

  private logFailure(
    context: Context,
    thrown: unknown,
    what = `The guard of ${context.method} ${printable(context.path)}`,
  ): void {
    const { log, fieldsRead } = this.dependencies;
    const { kind, isOutage, describe } = loggedFailure(thrown);
    log.error(kind, () =>
      withoutCredentials(context, isOutage ? describe() : `${what} failed: ${describe()}`, fieldsRead),
    );
  }
}
