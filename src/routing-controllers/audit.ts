import type { RoutingControllersOptions } from 'routing-controllers';
import { ConfigurationError } from '../core/errors.js';
import { type ActionReference, actionName } from './action-reference.js';
import { type ActionSummary, summaryOf } from './action-summary.js';
import type { Compiled, PlanCompiler } from './compile.js';
import { isMarked } from './declarations.js';
import { documentDifferences, type PlacedDifference } from './document-differences.js';
import { recordedActions } from './recorder.js';

/** Reads all actions of some controllers and what they require, without serving them. */
export function describeActions(
  controllers: readonly Function[],
  compiler: PlanCompiler,
  options: Pick<RoutingControllersOptions, 'routePrefix'>,
): ActionSummary[] {
  const { actions, differences } = compiled(controllers, compiler, options);
  return actions.map((one, index) => {
    const differing = differences.filter(({ position }) => position === index).map(({ text }) => text);
    return summaryOf(one, one.problem === undefined ? differing : [one.problem, ...differing]);
  });
}

/** @throws ConfigurationError as `refuseProblems`, also for what the entry of routing-controllers would drop */
export function auditActions(
  controllers: readonly Function[],
  compiler: PlanCompiler,
  options: Pick<RoutingControllersOptions, 'routePrefix'>,
): void {
  const { actions, differences } = compiled(controllers, compiler, options);
  refuseProblems(
    actions.flatMap((one) => one.problem ?? unseenProblem(one) ?? []),
    differences.map(({ text }) => text),
  );
}

/** An action, and its plan or the reason why there is none. */
type CompiledAction = Compiled & { readonly action: ActionReference };

function compiled(
  controllers: readonly Function[],
  compiler: PlanCompiler,
  options: Pick<RoutingControllersOptions, 'routePrefix'>,
): { readonly actions: readonly CompiledAction[]; readonly differences: readonly PlacedDifference[] } {
  const actions = recordedActions(controllers, options).map(({ action }) => ({ action, ...compiler.compile(action) }));
  return { actions, differences: documentDifferences(actions) };
}

/**
 * @throws ConfigurationError that names every action without a declared requirement, every one whose declaration
 * would not hold, and every difference between an OpenAPI document and the actions
 */
export function refuseProblems(problems: readonly string[], differences: readonly string[] = []): void {
  const parts = [
    ...(problems.length === 0 ? [] : [listed(`${problems.length} of the actions cannot be served:`, problems)]),
    ...(differences.length === 0
      ? []
      : [listed(`The OpenAPI document and the actions differ (${differences.length}):`, differences)]),
  ];
  if (parts.length > 0) throw new ConfigurationError(parts.join('\n'));
}

function listed(heading: string, lines: readonly string[]): string {
  return [heading, ...lines.map((line) => `  - ${line}`)].join('\n');
}

/**
 * The entry of routing-controllers calls the checker only for what the class and the method themselves declare: not for
 * what ancestors declare, nor for a default.
 */
function unseenProblem({ action, declared }: CompiledAction): string | undefined {
  if (declared === undefined) return undefined;
  const { controller, method } = action;
  if (declared.isDefault && !isMarked(controller, method) && !isMarked(controller, undefined)) {
    return `${actionName(action)}: has only the option defaultRequirement, which the entry of routing-controllers does not ask for; add @Authorized(...) to it or to ${controller.name}, or serve it by oauth2.createKoaServer or oauth2.useKoaServer.`;
  }
  if (!declared.isInherited) return undefined;
  // A public action that no checker sees is open as intended, unless it is throttled.
  if (declared.isPublic && declared.throttles.length === 0) return undefined;
  return `${actionName(action)}: inherits its requirement, which routing-controllers drops; repeat it on ${controller.name}, or serve it by oauth2.createKoaServer or oauth2.useKoaServer.`;
}
