import type { RoutingControllersOptions } from 'routing-controllers';
import { ConfigurationError } from '../core/errors.js';
import { type ActionReference, actionName } from './action-reference.js';
import type { Compiled, PlanCompiler } from './compile.js';
import { isMarked } from './declarations.js';
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

/**
 * What serves the controllers: this package's entry (`driver`), or that of routing-controllers with the two checkers.
 */
export type ServedBy = 'driver' | 'checkers';

/** Reads all actions of some controllers and what they require, without serving them. */
export function describeActions(
  controllers: readonly Function[],
  compiler: PlanCompiler,
  options: Pick<RoutingControllersOptions, 'routePrefix'>,
  servedBy: ServedBy,
): ActionSummary[] {
  return recordedActions(controllers, options).map((action) => summary(action, compiler.compile(action), servedBy));
}

/**
 * @throws ConfigurationError that names every action without a declared requirement, and every one whose declaration
 * would not hold
 */
export function refuseProblems(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const list = problems.map((problem) => `  - ${problem}`).join('\n');
  throw new ConfigurationError(`${problems.length} of the actions cannot be served:\n${list}`);
}

function summary(action: ActionReference, compiled: Compiled, servedBy: ServedBy): ActionSummary {
  const problem = compiled.problem ?? unseenProblem(action, compiled, servedBy);
  const requirement = compiled.plan?.requirement;
  return {
    method: action.verb,
    path: action.path,
    controller: action.controller.name,
    action: action.method,
    requirement: requirement?.describe() ?? '',
    requirementFrom: requirement && (compiled.declared?.isDefault ? 'defaultRequirement' : 'declarations'),
    throttles: compiled.plan?.throttle.policies.map(({ name, description }) => `${name} (${description})`) ?? [],
    public: compiled.declared?.isPublic === true,
    declared: problem === undefined,
    problems: problem === undefined ? [] : [problem],
  };
}

/**
 * The entry of routing-controllers calls the checker only for what the class and the method themselves declare: not for
 * what ancestors declare, nor for a default.
 */
function unseenProblem(action: ActionReference, compiled: Compiled, servedBy: ServedBy): string | undefined {
  if (servedBy === 'driver' || compiled.declared === undefined) return undefined;
  if (compiled.declared.isDefault && !isMarked(action)) {
    return `${actionName(action)}: has only the option defaultRequirement, which the entry of routing-controllers does not ask for; add @Authorized(...) to it or to ${action.controller.name}, or serve it by oauth2.createKoaServer or oauth2.useKoaServer.`;
  }
  if (!compiled.declared.isInherited) return undefined;
  // A public action that no checker sees is open as intended, unless it is throttled.
  if (compiled.declared.isPublic && compiled.declared.throttles.length === 0) return undefined;
  return `${actionName(action)}: inherits its requirement, which routing-controllers drops; repeat it on ${action.controller.name}, or serve it by oauth2.createKoaServer or oauth2.useKoaServer.`;
}
