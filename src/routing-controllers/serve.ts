import type Koa from 'koa';
import type { Middleware } from 'koa';
import { createExecutor, type RoutingControllersOptions } from 'routing-controllers';
import { refuseOption } from '../core/options/index.js';
import { refuseProblems } from './audit.js';
import { currentUserChecker } from './checkers.js';
import type { PlanCompiler } from './compile.js';
import { documentDifferences } from './document-differences.js';
import { LeanApplication } from './fast/lean-application.js';
import { withIndexedMetadata } from './fast/metadata-index.js';
import type { Guard } from './guard.js';
import { OAuth2KoaDriver } from './koa-driver.js';
import type { ActionPlan, ServedPlan } from './plan.js';

/** The options of this package's entry: those of routing-controllers, less the two checkers, which it brings. */
export type KoaServerOptions = Omit<RoutingControllersOptions, 'authorizationChecker' | 'currentUserChecker'>;

/** What serves controllers. */
export interface ControllerServing {
  /** The application that serves; a new one by default. */
  readonly koa: Koa | undefined;
  readonly guard: Guard;
  readonly compiler: PlanCompiler;
  /** Receives the plans of the actions that are served. */
  readonly served: ActionPlan[];
  /** Comes before the controllers, whose driver parses bodies and answers for paths that it does not know. */
  readonly first: readonly Middleware[];
  /** Called once, with the actions in the order in which the router asks them. */
  readonly whenServed?: ((served: readonly ServedPlan[]) => void) | undefined;
}

/**
 * Serves controllers with every action guarded.
 *
 * @throws ConfigurationError naming every action without a declared requirement, or with a contradictory one
 */
export function serveControllers(options: KoaServerOptions, serving: ControllerServing): Koa {
  const { koa = new LeanApplication(), guard, compiler, served, first, whenServed } = serving;
  for (const name of ['authorizationChecker', 'currentUserChecker']) {
    if (name in options) refuseOption(name, Reflect.get(options, name), 'this entry brings its own; leave it out');
  }
  for (const middleware of first) koa.use(middleware);
  const driver = new OAuth2KoaDriver(koa, guard, compiler, first);
  withIndexedMetadata(() =>
    createExecutor(driver, { ...options, currentUserChecker: currentUserChecker(guard, compiler) }),
  );
  refuseProblems(
    driver.problems,
    documentDifferences(driver.actions).map(({ text }) => text),
  );
  served.push(...driver.plans.map(({ plan }) => plan));
  whenServed?.(driver.plans);
  return driver.koa;
}
