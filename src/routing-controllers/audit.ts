import type { RoutingControllersOptions } from 'routing-controllers';
import { ConfigurationError } from '../core/errors.js';
import { type ActionReference, actionName } from './action-reference.js';
import type { Compiled, PlanCompiler } from './compile.js';
import { isMarked } from './declarations.js';
import { documentDifferences, type PlacedDifference } from './document-differences.js';
import { recordedActions } from './recorder.js';

/** One action in a table of routes. */
export interface ActionSummary {
  /** The HTTP method, upper case; `ALL` for `@All`. */
  readonly method: string;
  /** The path of the action. */
  readonly path: string;
  /** The class and its method. */
  readonly controller: string;
  /** The controller and the method. */
  readonly action: string;
  /** A description of its requirement; empty if it is public or undeclared. */
  readonly requirement: string;
  /**
   * Where the requirement comes from: declarations on the method, the class or their ancestors, or the option
   * `defaultRequirement`; `undefined` if there is none.
   */
  readonly requirementFrom: 'declarations' | 'defaultRequirement' | undefined;
  /** Its throttles: the name of each policy with its rates. */
  readonly throttles: readonly string[];
  /** Whether everybody may call it. */
  readonly public: boolean;
  /** Whether it can be served: it has declarations, and no problems. */
  readonly declared: boolean;
  /** Its problems; each text names the action and the fix. */
  readonly problems: readonly string[];
}

/** Reads all actions of some controllers and what they require, without serving them. */
export function describeActions(
  controllers: readonly Function[],
  compiler: PlanCompiler,
  options: Pick<RoutingControllersOptions, 'routePrefix'>,
): ActionSummary[] {
  const { actions, differences } = compiled(controllers, compiler, options);
  return actions.map((one, index) => {
    const differing = differences.filter(({ position }) => position === index).map(({ text }) => text);
    return summary(one, one.problem === undefined ? differing : [one.problem, ...differing]);
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

function summary({ action, plan, declared }: CompiledAction, problems: readonly string[]): ActionSummary {
  const requirement = plan?.requirement;
  return {
    method: action.verb,
    path: action.path,
    controller: action.controller.name,
    action: action.method,
    requirement: requirement?.describe() ?? '',
    requirementFrom: requirement && (declared?.isDefault ? 'defaultRequirement' : 'declarations'),
    throttles: plan?.throttle.policies.map(({ name, description }) => `${name} (${description})`) ?? [],
    public: declared?.isPublic === true,
    declared: problems.length === 0,
    problems,
  };
}

/**
 * The entry of routing-controllers calls the checker only for what the class and the method themselves declare: not for
 * what ancestors declare, nor for a default.
 */
function unseenProblem({ action, declared }: CompiledAction): string | undefined {
  if (declared === undefined) return undefined;
  if (declared.isDefault && !isMarked(action)) {
    return `${actionName(action)}: has only the option defaultRequirement, which the entry of routing-controllers does not ask for; add @Authorized(...) to it or to ${action.controller.name}, or serve it by oauth2.createKoaServer or oauth2.useKoaServer.`;
  }
  if (!declared.isInherited) return undefined;
  // A public action that no checker sees is open as intended, unless it is throttled.
  if (declared.isPublic && declared.throttles.length === 0) return undefined;
  return `${actionName(action)}: inherits its requirement, which routing-controllers drops; repeat it on ${action.controller.name}, or serve it by oauth2.createKoaServer or oauth2.useKoaServer.`;
}
