import type { DescribedPolicy } from '../throttling/index.js';
import type { ActionReference } from './action-reference.js';
import type { Compiled } from './compile.js';
import { describePlan, type MethodAccess } from './plan-description.js';

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
  /**
   * What requests need, as data: an entry for all methods of the request that need the same, with the alternatives as lists.
   * Empty if it cannot be served.
   */
  readonly access: readonly MethodAccess[];
  /** The classes of permissions that decide about loaded entities (`access.checkObject`), in addition. */
  readonly objectPermissions: readonly string[];
  /** Its throttles: the name of each policy with its rates. */
  readonly throttles: readonly string[];
  /** The same as data. */
  readonly policies: readonly DescribedPolicy[];
  /** Whether everybody may call it. */
  readonly public: boolean;
  /** Whether it can be served: it has declarations, and no problems. */
  readonly declared: boolean;
  /** Its problems; each text names the action and the fix. */
  readonly problems: readonly string[];
}

/** The summary of an action. */
export function summaryOf(
  { action, plan, declared }: Compiled & { readonly action: ActionReference },
  problems: readonly string[],
): ActionSummary {
  const requirement = plan?.requirement;
  const described = plan && describePlan(plan);
  const policies = plan?.throttle.policies ?? [];
  return {
    method: action.verb,
    path: action.path,
    controller: action.controller.name,
    action: action.method,
    requirement: requirement?.describe() ?? '',
    requirementFrom: requirement && (declared?.isDefault ? 'defaultRequirement' : 'declarations'),
    access: described?.access ?? [],
    objectPermissions: described?.objectPermissions ?? [],
    throttles: policies.map(({ name, description }) => `${name} (${description})`),
    policies,
    public: declared?.isPublic === true,
    declared: problems.length === 0,
    problems,
  };
}
