import type { Context } from 'koa';
import type { Action } from 'routing-controllers';
import type { Clock } from '../core/clock.js';
import { KnownRefusal } from '../core/errors/known-refusal.js';
import { AuthenticationRequiredError, OAuth2Error, ServerError } from '../core/errors.js';
import type { LogLimiter } from '../core/log-limiter.js';
import { loggedFailure } from '../core/logged-failure.js';
import type { Observation } from '../core/observation/observation.js';
import { printable } from '../core/printable.js';
import {
  type ErrorResponder,
  type ErrorResponse,
  type PreparedAnswer,
  scopeToAskFor,
} from '../resource-server/error-response.js';
import { type AccessGuard, RequestAccess } from '../resource-server/request-access.js';
import type { AskedContext } from './access-event.js';
import { answerThroughHandler } from './handler-response.js';
import type { ActionPlan } from './plan.js';
import { hostRefusal, ownRefusal, type Refusal, translatedRefusal } from './refusal.js';
import { reasonOf, refusalEvent } from './refusal-event.js';
import { knownAccess, notedAction, noteRefusal } from './request-state.js';
import { withScopesOfCaller } from './scopes-of-caller.js';
import { answerUncaught } from './uncaught.js';
import { withoutCredentials } from './without-credentials.js';

/** What refusals depend on. */
export interface RefusalsDependencies {
  readonly responder: ErrorResponder;
  readonly asked: AskedContext;
  /** The time by which tokens end. */
  readonly clock: Pick<Clock, 'nowMilliseconds'>;
  /** The request fields that authentication reads, in the form of `Vary`. */
  readonly fieldsRead: string;
  readonly log: LogLimiter;
  readonly observation: Observation;
}

/** Converts errors into refusals, logs faults and emits events. */
export class Refusals {
  /** Access without credentials, for permissions that state their required scopes. */
  private readonly nobody: AccessGuard<unknown> = {
    address: (context) => this.dependencies.asked.address(context),
    nowMilliseconds: () => this.dependencies.clock.nowMilliseconds(),
    checkObject: () => Promise.reject(new AuthenticationRequiredError()),
    refused: (_access, _plan, error) => error as Error,
  };

  constructor(private readonly dependencies: RefusalsDependencies) {}

  /**
   * The refusal for an error. An error that is neither an `OAuth2Error` nor an `HttpError` is a fault: it is logged and
   * answered with 500.
   */
  of(context: Context, thrown: unknown, plan?: ActionPlan): Refusal {
    const { responder } = this.dependencies;
    if (thrown instanceof OAuth2Error) {
      const { detail, cause } = thrown.details;
      // The throttle logs an outage of its store itself; errors with a cause are logged only here.
      if (thrown.status >= 500 && (detail !== undefined || cause !== undefined)) this.logFailure(context, thrown);
      return ownRefusal(responder, withScopesOfCaller(context, thrown), { scope: this.scopeOf(context, thrown, plan) });
    }
    const ofHost = hostRefusal(responder, thrown);
    if (ofHost !== undefined) {
      if (ofHost.status >= 500) this.logFailure(context, thrown);
      return ofHost;
    }
    // A fault in a permission, a user store or a rate function refuses the request; the response reveals nothing.
    this.logFailure(context, thrown);
    const fault = new ServerError(thrown);
    return ownRefusal(responder, fault, { thrown });
  }

  /** The same for an error in the guard of an action, which is counted and told. */
  ofRequest(context: Context, plan: ActionPlan, thrown: unknown, about: 'request' | 'object' = 'request'): Refusal {
    const own = thrown instanceof KnownRefusal ? thrown.again(knownAccess(context, plan)?.scopes) : thrown;
    const refusal = this.of(context, own, plan);
    this.tell(context, plan, refusal.error, about, () => refusal);
    return refusal;
  }

  /** Counts a known refusal of the guard, which is answered as `prepared` says, and tells of it. */
  tellKnown(context: Context, plan: ActionPlan, known: KnownRefusal): void {
    const { error } = known;
    this.tell(context, plan, error, 'request', () => ({
      error: known.again(knownAccess(context, plan)?.scopes),
      status: error.status,
    }));
  }

  /** The response to a known refusal of an action; `undefined` if it differs between requests. */
  prepared(context: Context, plan: ActionPlan, { error }: KnownRefusal): PreparedAnswer | undefined {
    const { responder } = this.dependencies;
    const derivesScope = plan.requirement !== undefined && plan.requirement.fixedScopes === undefined;
    if (derivesScope && responder.namesScope && error.status === 401) return undefined;
    return responder.prepare(error, this.scopeOf(context, error, plan));
  }

  private tell(
    context: Context,
    plan: ActionPlan,
    error: Error,
    about: 'request' | 'object',
    refusal: () => Pick<Refusal, 'error' | 'status'>,
  ): void {
    const { observation, asked } = this.dependencies;
    const access = knownAccess(context, plan);
    const reason = reasonOf(error, access, about);
    observation.statistics.access[reason] += 1;
    observation.tracing.tracer?.decided({
      outcome: reason,
      action: plan.label,
      authType: access?.authType,
      clientId: access?.token?.clientId,
      userId: access?.userId,
    });
    try {
      observation.events.topics['access.refused'].tellLater(() =>
        refusalEvent(context, plan, refusal(), reason, asked),
      );
    } catch (failure) {
      this.logFailure(context, failure, 'The event access.refused');
    }
  }

  /** The response to an error of this package, wherever it was thrown. */
  responseTo(error: OAuth2Error): ErrorResponse {
    return this.dependencies.responder.responseTo(error);
  }

  /** An error of the host, answered with one of this package if nothing else handles it. */
  translated(thrown: object, answer: OAuth2Error): Refusal {
    return translatedRefusal(this.dependencies.responder, thrown, answer);
  }

  /**
   * Prepares a refusal for being thrown through error handlers of other code: its header fields are already set on the
   * response, and if nothing catches it, Koa answers it as this package would.
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

  /** The scope for the challenge of a 401: what the action requires of any caller. */
  private scopeOf(context: Context, { status }: OAuth2Error, plan: ActionPlan | undefined): string | undefined {
    if (status !== 401 || plan?.requirement === undefined || !this.dependencies.responder.namesScope) return undefined;
    const { requirement } = plan;
    if (requirement.fixedScopes !== undefined) return scopeToAskFor(requirement.fixedScopes);
    try {
      return scopeToAskFor(requirement.scopesFor(new RequestAccess(context, undefined, this.nobody, plan)));
    } catch {
      // A permission of the host may need a caller to state its scopes.
      return undefined;
    }
  }

  /** Writes a prepared response where Koa sends it. */
  write(context: Context, answer: PreparedAnswer): void {
    this.dependencies.responder.write(context, answer.status, answer.fields, answer.body());
  }

  private logFailure(
    context: Context,
    thrown: unknown,
    what = `The guard of ${context.method} ${printable(context.path)}`,
  ): void {
    const { log, fieldsRead, asked } = this.dependencies;
    const { kind, isOutage, describe } = loggedFailure(thrown);
    const text = () => withoutCredentials(context, isOutage ? describe() : `${what} failed: ${describe()}`, fieldsRead);
    log.error(kind, text, asked.requestId(context));
  }
}
