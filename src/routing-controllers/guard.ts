import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { Clock } from '../core/clock.js';
import { KnownRefusal, throttledFor } from '../core/errors/known-refusal.js';
import { withoutStack } from '../core/errors/without-stack.js';
import { InvalidRequestError, OAuth2Error, TemporarilyUnavailableError } from '../core/errors.js';
import { httpErrorStatus } from '../core/http-errors.js';
import { isSafeMethod } from '../core/methods.js';
import { after, nativePromise } from '../core/promises.js';
import {
  type AuthenticationStep,
  authenticationSteps,
  fieldsRead,
} from '../resource-server/authentication/authentication-steps.js';
import type { AuthenticationDecision, Authenticator } from '../resource-server/authentication/authenticator.js';
import { addVary } from '../resource-server/authentication/vary.js';
import type { Requirement } from '../resource-server/permissions/requirement.js';
import { RequestAccess } from '../resource-server/request-access.js';
import type { ThrottleOutcome } from '../throttling/index.js';
import type { Admissions } from './admissions.js';
import { nothingFound } from './nothing-found.js';
import { answerOptions } from './options-requests.js';
import type { ActionPlan } from './plan.js';
import type { Refusals } from './request-refusals.js';
import { type RequestState, STATE, type StatefulContext } from './request-state.js';
import { settleWhenAnswered } from './settlement.js';

/** What the guard depends on. */
export interface GuardDependencies {
  readonly authenticators: readonly Authenticator[];
  readonly refusals: Refusals;
  readonly admissions: Admissions;
  readonly address: (context: Context) => string;
  /** The time by which tokens end. */
  readonly clock: Pick<Clock, 'nowMilliseconds'>;
  /** Whether the database has the tables that requests need. */
  readonly schema: SchemaGate;
}

/** Lets requests to guarded actions through once the database is known to be migrated. */
export interface SchemaGate {
  /** Whether there is nothing more to ask. */
  readonly isGood: boolean;
  /** @throws TemporarilyUnavailableError (rejects) if the database is not migrated */
  admit(): Promise<void>;
}

/** An action, with the steps that depend on what serves it. */
export interface ServedAction {
  readonly plan: ActionPlan;
  /** Parses the body, unless that was done before, and continues; answers the request if the body cannot be read. */
  parseBody(context: Context, next: () => unknown): unknown;
  /** Answers a request that was refused. */
  refuse(context: Context, thrown: unknown): unknown;
}

/** Why a request may not continue to its action; `undefined` if it may. */
type Entered = OAuth2Error | KnownRefusal | undefined;

const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

/**
 * The steps of a request to an action, from top to bottom: authenticate, authorize, throttle, run. The guard answers
 * synchronously when it can (see `after`).
 */
export class Guard {
  /** The request fields that authentication reads, in the form of `Vary`. */
  readonly fieldsRead: string;
  readonly refusals: Refusals;
  readonly address: (context: Context) => string;
  readonly nowMilliseconds: () => number;
  private readonly schema: SchemaGate;
  private readonly admissions: Admissions;
  private readonly steps: readonly AuthenticationStep[];
  /** The authenticators that may need the parsed body. */
  private readonly readersOfBodies: readonly Authenticator[];

  constructor({ authenticators, refusals, admissions, address, clock, schema }: GuardDependencies) {
    this.fieldsRead = fieldsRead(authenticators);
    this.steps = authenticationSteps(authenticators);
    this.readersOfBodies = authenticators.filter((one) => one.needsBody !== undefined);
    this.schema = schema;
    this.refusals = refusals;
    this.admissions = admissions;
    this.address = address;
    this.nowMilliseconds = () => clock.nowMilliseconds();
  }

  /**
   * The layer of an action in a router.
   *
   * @param startOnce routing-controllers' own "only the first of several matching routes"
   * @param action the action itself, if nothing else comes before it, so that it needs no layer of its own
   */
  layer(served: ServedAction, startOnce: Middleware, action: Middleware | undefined): Middleware {
    if (action === undefined) {
      return (context, next) => startOnce(context, () => this.serve(context, served, next) as Promise<unknown>);
    }
    return (context, next) =>
      startOnce(context, () => this.serve(context, served, () => action(context, next)) as Promise<unknown>);
  }

  /** Handles the whole request: it enters and then the action runs, or it is refused. */
  serve(context: Context, action: ServedAction, run: () => unknown): unknown {
    // The router passes no such request to a guarded action; if it ever does, the action must not run.
    if (isClosedToOptions(context, action.plan)) return answerOptions(context);
    if (this.readersOfBodies.length > 0 && this.needsBody(context)) {
      return action.parseBody(context, () => this.enterAndRun(context, action, run));
    }
    return this.enterAndRun(context, action, run);
  }

  private enterAndRun(context: Context, action: ServedAction, run: () => unknown): unknown {
    let entered: Entered | Promise<Entered>;
    try {
      entered = this.enter(context, action.plan);
    } catch (error) {
      return action.refuse(context, error);
    }
    return after(
      entered,
      (refusal) => (refusal === undefined ? this.run(context, action, run) : action.refuse(context, refusal)),
      (error) => action.refuse(context, error),
    );
  }

  /**
   * Authenticates, authorizes and throttles. Returns (or resolves with) `undefined` if the request may continue to its
   * action, and otherwise why not.
   *
   * @throws OAuth2Error (or rejects with one) if credentials are refused, or a permission of the host throws one; any
   *   other error is a fault in code of the host
   */
  enter(context: Context, plan: ActionPlan): Entered | Promise<Entered> {
    const { requirement } = plan;
    if (requirement === undefined) return this.enterPublic(context, plan);
    if (!this.schema.isGood) return this.schema.admit().then(() => this.enterGuarded(context, plan, requirement));
    return this.enterGuarded(context, plan, requirement);
  }

  private enterGuarded(context: Context, plan: ActionPlan, requirement: Requirement): Entered | Promise<Entered> {
    refuseBrokenQuery(context);
    return after(this.authenticate(context), (authentication) => {
      if (authentication instanceof KnownRefusal) return authentication;
      const access = new RequestAccess(context, authentication, this, plan);
      this.note(context, plan, access);
      return after(requirement.decide(access), (refusal) => refusal ?? this.throttle(access, plan));
    });
  }

  /** A public action has no requirement; its caller is identified only if the throttle needs to know. */
  private enterPublic(context: Context, plan: ActionPlan): Entered | Promise<Entered> {
    if (plan.throttle.unlimited) {
      this.note(context, plan, undefined);
      this.admissions.ofPublic(context, plan);
      return undefined;
    }
    const access = this.anybody(context, plan);
    // Concurrent questions wait for the same answer.
    this.note(context, plan, access);
    return after(access, (known) => {
      this.note(context, plan, known);
      return this.throttle(known, plan);
    });
  }

  /** Asks the authenticators: the first that recognizes the caller answers, and a refusal is final. */
  private authenticate(context: Context, from = 0): AuthenticationDecision | Promise<AuthenticationDecision> {
    for (let index = from; index < this.steps.length; index += 1) {
      const step = this.steps[index] as AuthenticationStep;
      const { vary } = step;
      if (vary !== '') addVary(context.res, vary);
      const answer = nativePromise(step.ask(context));
      if (answer instanceof Promise) return answer.then((found) => found ?? this.authenticate(context, index + 1));
      if (answer !== undefined && answer !== null) return answer;
    }
    return undefined;
  }

  /** Throttles the request; if it may pass, nothing else can refuse it. */
  private throttle(access: RequestAccess, plan: ActionPlan): Entered | Promise<Entered> {
    if (plan.throttle.unlimited) return this.admitted(access, plan);
    return after(
      nativePromise(plan.throttle.decide(access)),
      (outcome) => applyOutcome(outcome, access.context) ?? this.admitted(access, plan),
    );
  }

  private admitted(access: RequestAccess, plan: ActionPlan): undefined {
    this.admissions.of(access, plan);
    return undefined;
  }

  private run(context: Context, action: ServedAction, run: () => unknown): unknown {
    if (mayHaveBody(context.req)) return action.parseBody(context, run);
    // The body parser would set an empty object, and a `@BodyParam()` of an `@All` action reads it for GET as well.
    const request = context.request as { body?: unknown };
    request.body ??= {};
    return run();
  }

  // Called by the action and its parameters.

  /**
   * Identifies the caller if only a parameter of the action asks. The response to a fault reveals nothing, as in the
   * guard.
   */
  identify(context: Context, plan: ActionPlan): RequestAccess | Promise<RequestAccess> {
    try {
      const access = this.anybody(context, plan);
      if (!(access instanceof Promise)) return access;
      return access.catch((error: unknown) => {
        throw this.refusals.thrownInAction(context, plan, error, 'request');
      });
    } catch (error) {
      throw this.refusals.thrownInAction(context, plan, error, 'request');
    }
  }

  /** Asks the permissions of the action about an entity, which must have been found; a public action has none. */
  async checkObject(access: RequestAccess, plan: ActionPlan, object: unknown): Promise<void> {
    if (object === undefined || object === null) throw nothingFound(access.context, plan.action);
    try {
      await plan.requirement?.checkObject(access, object);
    } catch (error) {
      throw this.refusals.thrownInAction(access.context, plan, error, 'object');
    }
  }

  /** Completes an error that is thrown inside the action. */
  refused(access: RequestAccess, plan: ActionPlan, error: unknown): Error {
    return this.refusals.thrownInAction(access.context, plan, error, 'request');
  }

  /** Identifies the caller of a public action; invalid credentials make an anonymous caller. */
  private anybody(context: Context, plan: ActionPlan): RequestAccess | Promise<RequestAccess> {
    const known = (found: AuthenticationDecision) =>
      new RequestAccess(context, found instanceof KnownRefusal ? undefined : found, this, plan);
    const anonymous = (error: unknown) => {
      const status = error instanceof OAuth2Error ? error.status : httpErrorStatus(error);
      if (status !== undefined && status < 500) return known(undefined);
      throw error;
    };
    let found: AuthenticationDecision | Promise<AuthenticationDecision>;
    try {
      found = this.authenticate(context);
    } catch (error) {
      return anonymous(error);
    }
    return after(found, known, anonymous);
  }

  /** Stores the identity of the caller, if it is known; later questions are answered from it. */
  private note(context: Context, plan: ActionPlan, access: RequestState['access']): void {
    (context as StatefulContext)[STATE] = { guard: this, plan, access };
  }

  private needsBody(context: Context): boolean {
    return this.readersOfBodies.some((one) => one.needsBody?.(context) === true);
  }
}

/**
 * Whether a request is an OPTIONS request to a guarded action. A CORS preflight carries no credentials (Fetch standard,
 * CORS-preflight fetch), so it cannot be guarded; therefore a guarded action must not run for it.
 */
export function isClosedToOptions(context: Context, plan: ActionPlan): boolean {
  return context.req.method === 'OPTIONS' && plan.requirement !== undefined;
}

function applyOutcome(outcome: ThrottleOutcome, context: Context): Entered {
  const { fields } = outcome;
  for (const name in fields) context.res.setHeader(name, fields[name] as string);
  if (outcome.allowed) {
    if (outcome.settle !== undefined) settleWhenAnswered(context.res, outcome.settle);
    return undefined;
  }
  const { retryAfterSeconds } = outcome;
  if (outcome.unavailable) return withoutStack(TemporarilyUnavailableError, { retryAfterSeconds });
  return throttledFor(retryAfterSeconds);
}

function refuseBrokenQuery(context: Context): void {
  const url = context.req.url as string;
  if (url.indexOf('%') === -1) return;
  const start = url.indexOf('?');
  if (start !== -1 && BROKEN_ESCAPE.test(url.slice(start))) {
    throw new InvalidRequestError('The query holds a broken percent-escape.');
  }
}

function mayHaveBody({ headers, method }: IncomingMessage): boolean {
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return true;
  return method !== 'GET' && !isSafeMethod(method as string);
}
