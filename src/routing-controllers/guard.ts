import type { Context } from 'koa';
import type { Action } from 'routing-controllers';
import { InvalidRequestError, OAuth2Error, TemporarilyUnavailableError, ThrottledError } from '../core/errors.js';
import { httpErrorStatus } from '../core/http-errors.js';
import { nativePromise } from '../core/promises.js';
import type { Authenticate } from '../resource-server/authentication/authenticate.js';
import type { Authentication } from '../resource-server/authentication/authenticator.js';
import { RequestAccess } from '../resource-server/request-access.js';
import type { ThrottleOutcome } from '../throttling/index.js';
import { answerThroughHandler } from './handler-response.js';
import type { ActionPlan } from './plan.js';
import type { Refusal } from './refusal.js';
import type { Refusals } from './refusals.js';
import { notedAction, noteRefusal, setState } from './request-state.js';
import { settleWhenAnswered } from './settlement.js';
import { answerUncaught } from './uncaught.js';

/** What the guard is made of. */
export interface GuardParts {
  readonly authenticate: Authenticate;
  readonly needsBody: (context: Context) => boolean;
  /** The request fields that authentication reads, as they stand in `Vary`. */
  readonly fieldsRead: string;
  readonly refusals: Refusals;
  readonly address: (context: Context) => string;
}

const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

/** Takes a request through authentication, permission and throttle, in this order. */
export class Guard {
  constructor(private readonly parts: GuardParts) {}

  /** The request fields that authentication reads, as they stand in `Vary`. */
  get fieldsRead(): string {
    return this.parts.fieldsRead;
  }

  /** Whether authentication has to wait for the parsed body. */
  needsBody(context: Context): boolean {
    return this.parts.needsBody(context);
  }

  /**
   * Returns, or resolves, if the request may go on to its action. Nothing is awaited where every value is at hand.
   *
   * @throws OAuth2Error (or rejects with one) if it may not; any other error is a fault in a part of the host's
   */
  enter(context: Context, plan: ActionPlan): void | Promise<void> {
    if (plan.requirement === undefined) return this.enterPublic(context, plan);
    refuseBrokenQuery(context);
    const found = this.parts.authenticate(context);
    return found instanceof Promise ? this.admitLater(context, plan, found) : this.admit(context, plan, found);
  }

  /** Who makes a request to a public action: bad credentials make an anonymous caller. */
  identify(context: Context, plan: ActionPlan): RequestAccess | Promise<RequestAccess> {
    let found: ReturnType<Authenticate>;
    try {
      found = this.parts.authenticate(context);
    } catch (error) {
      return this.anonymous(context, plan, error);
    }
    if (found instanceof Promise) {
      return found.then(
        (authentication) => this.access(context, plan, authentication),
        (error: unknown) => this.anonymous(context, plan, error),
      );
    }
    return this.access(context, plan, found);
  }

  /** What an error in the guard of an action means, which is told to those who listen. */
  refusal(context: Context, plan: ActionPlan, thrown: unknown): Refusal {
    return this.parts.refusals.ofRequest(context, plan, thrown);
  }

  /** The same for an error from outside the guard; nobody is told. */
  answerTo(context: Context, thrown: unknown): Refusal {
    return this.parts.refusals.of(context, thrown);
  }

  /** An error of the host's, answered by one of ours if nobody else does. */
  translated(thrown: object, answer: OAuth2Error): Refusal {
    return this.parts.refusals.translated(thrown, answer);
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
    const refusal = this.refusal(context, plan, thrown);
    answerThroughHandler(action, context, refusal, true);
    return this.throwable(context, refusal);
  }

  /** Prepares an error for being thrown inside an action. */
  thrownInAction(context: Context, plan: ActionPlan, thrown: unknown, about: 'request' | 'object'): Error {
    const refusal = this.parts.refusals.ofRequest(context, plan, thrown, about);
    noteRefusal(context, refusal);
    const action = notedAction(context);
    if (action !== undefined) answerThroughHandler(action, context, refusal, false);
    return this.throwable(context, refusal);
  }

  private enterPublic(context: Context, plan: ActionPlan): void | Promise<void> {
    // Nobody asked who it is, so nothing is looked up; `accessOf` finds out if the action wants to know.
    if (plan.throttle.unlimited) return setState(context, plan, undefined);
    const access = this.identify(context, plan);
    setState(context, plan, access);
    return access instanceof Promise ? this.throttlePublicLater(plan, access) : this.throttle(plan, access);
  }

  private admit(context: Context, plan: ActionPlan, authentication: Authentication | undefined): void | Promise<void> {
    const access = this.access(context, plan, authentication);
    setState(context, plan, access);
    const checked = plan.requirement?.check(access);
    return checked instanceof Promise ? this.throttleLater(plan, access, checked) : this.throttle(plan, access);
  }

  private throttle(plan: ActionPlan, access: RequestAccess): void | Promise<void> {
    if (plan.throttle.unlimited) return undefined;
    const outcome = nativePromise(plan.throttle.decide(access));
    return outcome instanceof Promise
      ? applyOutcomeLater(outcome, access.context)
      : applyOutcome(outcome, access.context);
  }

  // What waits is apart, so that where nothing is waited for, nothing is kept for a function that waits.

  private admitLater(context: Context, plan: ActionPlan, found: Promise<Authentication | undefined>): Promise<void> {
    return found.then((authentication) => this.admit(context, plan, authentication));
  }

  private throttlePublicLater(plan: ActionPlan, found: Promise<RequestAccess>): Promise<void> {
    return found.then((access) => {
      setState(access.context, plan, access);
      return this.throttle(plan, access);
    });
  }

  private throttleLater(plan: ActionPlan, access: RequestAccess, checked: Promise<void>): Promise<void> {
    return checked.then(() => this.throttle(plan, access));
  }

  private access(context: Context, plan: ActionPlan, authentication: Authentication | undefined): RequestAccess {
    return new RequestAccess(context, authentication, plan, this.parts.address);
  }

  private anonymous(context: Context, plan: ActionPlan, error: unknown): RequestAccess {
    const status = error instanceof OAuth2Error ? error.status : httpErrorStatus(error);
    if (status !== undefined && status < 500) return this.access(context, plan, undefined);
    throw error;
  }
}

function applyOutcome(outcome: ThrottleOutcome, context: Context): void {
  const { fields } = outcome;
  for (const name in fields) context.res.setHeader(name, fields[name] as string);
  if (outcome.allowed) {
    if (outcome.settle !== undefined) settleWhenAnswered(context.res, outcome.settle);
    return;
  }
  if (outcome.unavailable) throw new TemporarilyUnavailableError({ retryAfterSeconds: outcome.retryAfterSeconds });
  throw new ThrottledError(outcome.retryAfterSeconds);
}

function applyOutcomeLater(outcome: Promise<ThrottleOutcome>, context: Context): Promise<void> {
  return outcome.then((decided) => applyOutcome(decided, context));
}

function refuseBrokenQuery(context: Context): void {
  const url = context.req.url as string;
  if (url.indexOf('%') === -1) return;
  const start = url.indexOf('?');
  if (start !== -1 && BROKEN_ESCAPE.test(url.slice(start))) {
    throw new InvalidRequestError('The query holds a broken percent-escape.');
  }
}
