import type Koa from 'koa';
import type { Context, Middleware, Next } from 'koa';
import { type Action, type ActionMetadata, KoaDriver } from 'routing-controllers';
import { KnownRefusal } from '../core/errors/known-refusal.js';
import { InvalidRequestError, OAuth2Error } from '../core/errors.js';
import { actionReference } from './action-reference.js';
import type { PlanCompiler } from './compile.js';
import { joinDeclaredVary } from './declared-vary.js';
import type { ComparedAction } from './document-differences.js';
import { DirectAnswers, isPlain } from './fast/direct-answer.js';
import { plainResultsFirst } from './fast/plain-result.js';
import { dispatchOf, isKnownRouter, whereUnanswered } from './fast/route-dispatch.js';
import { runnerOf } from './fast/run-action.js';
import type { Guard, ServedAction } from './guard.js';
import { ClosedToOptions } from './options-requests.js';
import type { ActionPlan, ServedPlan } from './plan.js';
import { PreparedAnswers } from './prepared-answers.js';
import type { Refusal } from './refusal.js';
import { notedRefusal } from './request-state.js';

type RouteRegistration = (route: unknown, ...middlewares: Middleware[]) => unknown;

/**
 * The Koa driver of routing-controllers with the guard in front of every action: before the body is parsed, before
 * `@UseBefore`, and before parameters are read. Errors of this package are answered here, in the same way in both
 * error-handling modes of routing-controllers.
 */
export class OAuth2KoaDriver extends KoaDriver {
  /** Mistakes in the declarations of actions; none of these actions is served. */
  readonly problems: string[] = [];
  /** The actions that are served. */
  readonly plans: ServedPlan[] = [];
  /** All actions, whether they can be served or not. */
  readonly actions: ComparedAction[] = [];
  private readonly closedToOptions = new ClosedToOptions();
  private directAnswers: DirectAnswers | undefined;
  /** The actions whose plain results are sent as JSON with 200 and nothing else. */
  private readonly plainActions = new Set<ActionMetadata>();
  private bodyParser: Middleware = (_context, next) => next();

  constructor(
    koa: Koa | undefined,
    private readonly guard: Guard,
    private readonly compiler: PlanCompiler,
    /** The middleware of this package that comes before the controllers. */
    private readonly first: readonly Middleware[],
  ) {
    super(koa);
  }

  /** Removes the body parser from the application's chain; it runs after the guard, in the chain of each action. */
  override initialize(): void {
    const [bodyParser, ...others] = this.usedBy(() => super.initialize());
    this.bodyParser = bodyParser as Middleware;
    for (const middleware of others) this.koa.use(middleware);
    this.transformResult = plainResultsFirst(
      (result, action, options) => super.transformResult(result, action, options),
      this,
    );
  }

  override registerAction(metadata: ActionMetadata, executeCallback: (options: Action) => unknown): void {
    const action = actionReference(metadata, this.routePrefix);
    const { plan, problem } = this.compiler.compile(action);
    this.actions.push({ action, plan });
    if (problem !== undefined) {
      this.problems.push(problem);
      return;
    }
    this.plans.push({ plan, metadata });
    // The plan contains all declarations; the check of routing-controllers itself would see only some of them.
    metadata.isAuthorizedUsed = false;
    if (asksWho(plan, metadata)) joinDeclaredVary(metadata, this.guard.fieldsRead);
    const router = this.router;
    const verb = metadata.type.toLowerCase();
    this.router = {
      [verb]: (route: unknown, startOnce: Middleware, ...others: Middleware[]) => {
        // Layers cost time: if nothing comes between the guard and the action, they share one.
        const action = others.length === 1 ? others[0] : undefined;
        const rest = action === undefined ? others : [];
        if (action !== undefined && addsNothing(metadata)) this.plainActions.add(metadata);
        return (router[verb] as RouteRegistration).call(
          router,
          route,
          this.guard.layer(this.served(plan, metadata), startOnce, action),
          ...rest,
        );
      },
    };
    try {
      super.registerAction(metadata, runnerOf(metadata, executeCallback, this));
    } finally {
      this.router = router;
    }
    if (plan.action.verb === 'ALL' && plan.requirement !== undefined) this.closedToOptions.withdraw(router);
  }

  /** `allowedMethods` runs only if no action has answered. */
  override registerRoutes(): void {
    this.closedToOptions.answerOn(this.router);
    const [routes, allowedMethods] = this.usedBy(() => super.registerRoutes()) as [Middleware, Middleware];
    const router = isKnownRouter(this.router) ? dispatchOf(this.router) : routes;
    this.koa.use(router);
    const unanswered = whereUnanswered(allowedMethods);
    this.directAnswers = DirectAnswers.of(this.koa, this.first, router, unanswered);
    this.koa.use(unanswered);
  }

  override handleSuccess(result: unknown, action: ActionMetadata, options: Action): unknown {
    const context = options.context as Context;
    const direct = this.directAnswers;
    if (direct === undefined || !isPlain(result) || !this.plainActions.has(action) || !direct.takesResults) {
      return super.handleSuccess(result, action, options);
    }
    const transformed: unknown = this.transformResult(result, action, options);
    if (isPlain(transformed) && direct.answerWithResult(context, transformed)) return undefined;
    // The upstream method must not transform it once more.
    const transforming = Object.create(this, { transformResult: { value: () => transformed } });
    return super.handleSuccess.call(transforming, transformed, action, options);
  }

  override handleError(error: unknown, action: ActionMetadata | undefined, options: Action): Promise<void> {
    const context = options.context as Context;
    const noted = notedRefusal(context);
    const refusal = noted !== undefined && noted.error === error ? noted : undefined;
    if (error instanceof OAuth2Error) {
      (refusal ?? this.guard.refusals.of(context, error)).answer(context);
      return Promise.resolve();
    }
    if (refusal !== undefined && action !== undefined && this.isDefaultErrorHandlingEnabled) {
      this.answerAsHandler(refusal, action, context);
      return Promise.resolve();
    }
    return super.handleError(error, action as ActionMetadata, options) as Promise<void>;
  }

  private served(plan: ActionPlan, metadata: ActionMetadata): ServedAction {
    const answers = new PreparedAnswers(plan, this.guard.refusals);
    return {
      plan,
      parseBody: (context, next) => this.parseBody(context, next),
      refuse: (context, thrown) => {
        const answer = thrown instanceof KnownRefusal ? answers.of(context, thrown) : undefined;
        if (answer === undefined) return this.refuse(plan, metadata, context, thrown);
        this.guard.refusals.tellKnown(context, plan, thrown as KnownRefusal);
        if (this.directAnswers?.mayAnswer(context) === true) this.directAnswers.answer(context, answer);
        else this.guard.refusals.write(context, answer);
      },
    };
  }

  /**
   * Answers a refusal of the guard. An error of the host is handled like the same error from inside the action: by the
   * default error handler, or by the host's own error handling.
   */
  private refuse(plan: ActionPlan, metadata: ActionMetadata, context: Context, thrown: unknown): void {
    const { refusals } = this.guard;
    const refusal = refusals.ofRequest(context, plan, thrown);
    if (!refusal.isOfHost) refusal.answer(context);
    else if (this.isDefaultErrorHandlingEnabled) this.answerAsHandler(refusal, metadata, context);
    else {
      refusals.throwable(context, refusal);
      throw refusal.thrown;
    }
  }

  private answerAsHandler(refusal: Refusal, metadata: ActionMetadata, context: Context): void {
    const { error } = refusal;
    refusal.answer(context, metadata.isJsonTyped ? this.processJsonError(error) : this.processTextError(error));
  }

  /** Captures the middleware that the application would use in a step, instead of using it. */
  private usedBy(step: () => void): Middleware[] {
    const koa = this.koa;
    const used: Middleware[] = [];
    this.koa = { use: (middleware: Middleware) => used.push(middleware) };
    try {
      step();
    } finally {
      this.koa = koa;
    }
    return used;
  }

  /** The parser skips a body that is parsed already. */
  private async parseBody(context: Context, next: () => unknown): Promise<unknown> {
    try {
      await this.bodyParser(context as never, noNext);
    } catch (error) {
      return this.refuseBody(context, error);
    }
    return next();
  }

  /**
   * With the default error handler of routing-controllers disabled, errors of body parsing belong to the application's
   * own error handling, as in the entry of routing-controllers; if it does not handle them, they are answered as with
   * the handler enabled.
   */
  private refuseBody(context: Context, thrown: unknown): void {
    const { refusals } = this.guard;
    const error = bodyError(thrown);
    if (this.isDefaultErrorHandlingEnabled || typeof thrown !== 'object' || thrown === null) {
      refusals.of(context, error).answer(context);
      return;
    }
    if (error instanceof OAuth2Error) {
      // Errors of the decompressor have no status, which the host's error handling would need.
      Object.assign(thrown, { status: error.status });
      refusals.throwable(context, refusals.translated(thrown, error));
    }
    throw thrown;
  }
}

/** Whether routing-controllers adds nothing to what an action returns. */
function addsNothing({ headers, redirect, renderedTemplate, successHttpCode }: ActionMetadata): boolean {
  return Object.keys(headers).length === 0 && !redirect && !renderedTemplate && !successHttpCode;
}

/** Whether the response of an action may depend on the caller. */
function asksWho(plan: ActionPlan, { params }: ActionMetadata): boolean {
  if (plan.requirement !== undefined || !plan.throttle.unlimited) return true;
  return params.some(({ type }) => type === 'current-user' || type === 'custom-converter');
}

const noNext: Next = () => Promise.resolve();

function bodyError(error: unknown): unknown {
  // An error of the decompressor, because the body is not what its Content-Encoding claims, has no status.
  const status: unknown = (error as { status?: unknown } | undefined)?.status ?? 400;
  if (typeof status !== 'number' || status < 400 || status >= 500) return error;
  const description =
    status === 413 ? 'The body of the request is too large.' : 'The body of the request cannot be read.';
  return new InvalidRequestError(description, { status, withoutChallenge: true, cause: error });
}
