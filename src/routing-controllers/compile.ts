import { ConfigurationError } from '../core/errors.js';
import type { GuardedAction, Permission } from '../resource-server/permissions/permission.js';
import { Requirement } from '../resource-server/permissions/requirement.js';
import type { Throttle } from '../throttling/index.js';
import { type ActionReference, actionName } from './action-reference.js';
import { refuseUnknownScopes } from './known-scopes.js';
import type { ActionPlan } from './plan.js';
import { type DeclaredRequirement, declaredRequirement } from './requirements.js';

/** What the compiler depends on. */
export interface PlanCompilerDependencies {
  readonly throttle: Throttle;
  readonly readScope: string;
  readonly writeScope: string;
  /** The permissions of the option `defaultRequirement`, for actions that declare none. */
  readonly defaultRequirement: readonly Permission[] | undefined;
  /** The scopes that the options name; `undefined`: any may be required. */
  readonly knownScopes: ReadonlySet<string> | undefined;
}

/** A plan, or the reason why there is none. */
export type Compiled =
  | { readonly plan: ActionPlan; readonly declared: DeclaredRequirement; readonly problem: undefined }
  | { readonly plan: undefined; readonly declared: undefined; readonly problem: string };

/** Compiles declarations into plans, at start-up. */
export class PlanCompiler {
  /** The permissions of the option `defaultRequirement`. */
  readonly defaultRequirement: readonly Permission[] | undefined;

  constructor(private readonly dependencies: PlanCompilerDependencies) {
    this.defaultRequirement = dependencies.defaultRequirement;
  }

  /**
   * The plan of an action. A mistake in its declarations is returned rather than thrown, so that all mistakes can be
   * reported together.
   */
  compile(action: ActionReference): Compiled {
    try {
      const declared = this.declared(action);
      return { plan: this.plan(action, declared), declared, problem: undefined };
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return { plan: undefined, declared: undefined, problem: `${actionName(action)}: ${error.message}` };
    }
  }

  /** @throws ConfigurationError for contradictory, stacked or unreadable declarations, and if there are none */
  declared(action: ActionReference): DeclaredRequirement {
    return declaredRequirement(action, this.defaultRequirement);
  }

  /** @throws ConfigurationError if a permission or a throttle cannot work on the action, or it requires an unknown scope */
  plan(
    action: Omit<ActionReference, 'needsUser'>,
    declared: Omit<DeclaredRequirement, 'isInherited' | 'isDefault'>,
  ): ActionPlan {
    const { throttle, readScope, writeScope, knownScopes } = this.dependencies;
    const guarded: GuardedAction = Object.freeze({
      controller: action.controller,
      method: action.method,
      verb: action.verb,
      path: action.path,
      requiredScopes: declared.requiredScopes,
      readScope,
      writeScope,
    });
    const requirement = declared.isPublic ? undefined : new Requirement(guarded, declared.permissions);
    requirement?.validate();
    const plan = Object.freeze({
      action: guarded,
      requirement,
      throttle: throttle.compile(declared.throttles, `@Throttle on ${actionName(action)}`),
      eventAction: Object.freeze({
        controller: action.controller.name,
        method: action.method,
        verb: action.verb,
        path: action.path,
      }),
      label: `${action.controller.name}.${action.method}`,
    });
    if (knownScopes !== undefined) refuseUnknownScopes(plan, knownScopes);
    return plan;
  }
}
